import { z } from 'zod';
import { INTERVALS } from './interval.ts';

export const intervalSchema = z
  .enum(INTERVALS)
  .describe('Minutes, or day, week (from Monday) and calendar month, all UTC.');
