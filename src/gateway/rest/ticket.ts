import type { IssuedTicket } from '../../candle/rest.ts';
import type { TicketOffice } from '../auth/ticket-office.ts';
import { jsonAnswer } from './http.ts';
import { refuse } from './problem.ts';
import { refuseOtherParameters } from './query.ts';
import { exactly, type Route } from './route.ts';

/** `POST /api/v1/auth/ticket`: changes a token or an API key for a ticket. */
export function ticketRoute(office: Pick<TicketOffice, 'issue'>): Route {
  return {
    name: 'ticket',
    method: 'POST',
    needsToken: true,
    takesTickets: false,
    match: exactly('/api/v1/auth/ticket'),
    async answer({ query }, _segments, identity) {
      refuseOtherParameters(query, []);
      const issued = await office.issue(identity);
      if (!issued.ok) refuse(issued.problem, issued.detail, issued.headers);
      const { ticket, expiresAt } = issued;
      return jsonAnswer<IssuedTicket>({ ticket, expiresAt });
    },
  };
}
