import { z } from 'zod';
import { isTradedIn, type Category } from './category.ts';
import type { FaultState } from './faults.ts';
import { parseTopic, type KlineTopic, type TopicProblem } from './topic.ts';

/** What a message made the session do. */
export interface SessionStep {
  /** Answers to send, in order. */
  readonly replies: readonly string[];
  readonly subscribed: readonly KlineTopic[];
  readonly unsubscribed: readonly KlineTopic[];
}

/**
 * The exchange's side of one WebSocket, without the socket. Its texts and its all-or-nothing batches
 * differ between linear and spot as they do on the exchange.
 */
export interface Session {
  receive(text: string, faults: FaultState): SessionStep;
}

/** Unknown members are ignored; `req_id` may be a number and is echoed as text. */
const requestSchema = z.object({
  op: z.string(),
  req_id: z.union([z.string(), z.number()]).transform(String).optional(),
  args: z.array(z.string()).optional(),
});
type Request = z.output<typeof requestSchema>;

/** The spot endpoint takes this many topics per request. */
const MAX_SPOT_ARGS = 10;
const NOTHING: SessionStep = { replies: [], subscribed: [], unsubscribed: [] };

/** Why a batch is refused, in the exchange's words; null when it is not. */
type Refusal = string | null;

function topicRefusal(category: Category, topic: string, problem: TopicProblem): string {
  if (category !== 'spot' || problem === 'unknown_topic') {
    return `error:handler not found,topic:${topic}`;
  }
  return problem === 'unknown_interval'
    ? `Invalid kline type :[${topic}]`
    : `Invalid symbol :[${topic}]`;
}

/** Opens the session of one connection. */
export function createSession(deps: {
  readonly category: Category;
  readonly connectionId: string;
  readonly isListed: (symbol: string) => boolean;
}): Session {
  const { category, connectionId, isListed } = deps;
  const topics = new Map<string, KlineTopic>();
  const isTraded = (symbol: string): boolean => isTradedIn(category) && isListed(symbol);

  function answer(success: boolean, message: string, op: string, request?: Request): string {
    return JSON.stringify({
      success,
      ret_msg: message,
      conn_id: connectionId,
      // Spot leaves the member out where the request had none.
      ...(category === 'spot' && request?.req_id === undefined
        ? {}
        : { req_id: request?.req_id ?? '' }),
      op,
    });
  }

  const accepted = (op: string, request: Request): string =>
    answer(true, category === 'spot' ? op : '', op, request);

  function limitRefusal(added: readonly string[], faults: FaultState): Refusal {
    const { maxTopics, maxArgsCharacters } = faults;
    const all = [...topics.keys(), ...added];
    if (all.reduce((sum, name) => sum + name.length, 0) > maxArgsCharacters) {
      return `error:args characters exceed ${maxArgsCharacters}`;
    }
    return maxTopics !== null && all.length > maxTopics ? `error:topics exceed ${maxTopics}` : null;
  }

  function refusalByFault(name: string, faults: FaultState): boolean {
    const { refuseSubscriptions: refused } = faults;
    return typeof refused === 'boolean' ? refused : refused.includes(name);
  }

  function subscribe(request: Request, faults: FaultState): SessionStep {
    const names = request.args ?? [];
    const refuse = (message: string): SessionStep => ({
      ...NOTHING,
      replies: [answer(false, message, 'subscribe', request)],
    });
    if (category === 'spot' && names.length > MAX_SPOT_ARGS) return refuse('args size >10');

    const added: KlineTopic[] = [];
    for (const name of names) {
      const topic = parseTopic(name, isTraded);
      if (typeof topic === 'string') return refuse(topicRefusal(category, name, topic));
      if (refusalByFault(name, faults)) return refuse(`error:handler not found,topic:${name}`);
      if (topics.has(name) || added.some((other) => other.name === name)) {
        if (category !== 'spot') return refuse(`error:already subscribed,topic:${name}`);
        continue;
      }
      added.push(topic);
    }
    const limit = limitRefusal(
      added.map(({ name }) => name),
      faults,
    );
    if (limit !== null) return refuse(limit);
    // Spot says nothing to a request that adds nothing.
    if (category === 'spot' && added.length === 0) return NOTHING;
    for (const topic of added) topics.set(topic.name, topic);
    return { replies: [accepted('subscribe', request)], subscribed: added, unsubscribed: [] };
  }

  function unsubscribe(request: Request): SessionStep {
    const removed = (request.args ?? []).flatMap((name) => topics.get(name) ?? []);
    for (const { name } of removed) topics.delete(name);
    return { replies: [accepted('unsubscribe', request)], subscribed: [], unsubscribed: removed };
  }

  function pong(request: Request, faults: FaultState): SessionStep {
    if (faults.ignorePings) return NOTHING;
    return { ...NOTHING, replies: [answer(true, 'pong', 'ping', request)] };
  }

  return {
    receive(text, faults) {
      const request = readRequest(text);
      if (request === undefined) {
        const message = `Failed to decode incoming data:${text.slice(0, 200)}`;
        return { ...NOTHING, replies: [answer(false, message, '')] };
      }
      switch (request.op) {
        case 'ping':
          return pong(request, faults);
        case 'subscribe':
          return subscribe(request, faults);
        case 'unsubscribe':
          return unsubscribe(request);
        default:
          return { ...NOTHING, replies: [answer(false, 'error:invalid op', request.op, request)] };
      }
    },
  };
}

function readRequest(text: string): Request | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  return requestSchema.safeParse(json).data;
}
