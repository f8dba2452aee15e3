import { setting } from '../setting.ts';
import { secretText, url } from '../text.ts';

/** `candlegate stream`: the client on the command line. */
export const CLIENT_SETTINGS = {
  url: setting({
    description: 'The gateway to connect to; without a path, `/api/v1/live/ws` is added.',
    default: 'ws://127.0.0.1:8000',
    roles: ['stream'],
    shown: 'url',
    placeholder: 'url',
    schema: url(['ws:', 'wss:', 'http:', 'https:']),
  }),
  token: setting({
    description:
      'The token to present. In the environment other users of the machine cannot see it.',
    default: null,
    roles: ['stream'],
    shown: 'secret',
    placeholder: 'token',
    schema: secretText(1),
  }),
};
