import type { Cluster, Redis } from 'ioredis';

/** Runs commands: on the one server there is, or on whichever node of a cluster has the key. */
export type RedisClient = Redis | Cluster;
