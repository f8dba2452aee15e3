/** What the simulator says of itself; a pino logger fits. */
export interface SimulatorLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
