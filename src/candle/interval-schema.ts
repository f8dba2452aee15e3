import { z } from 'zod';
import { INTERVALS } from './interval.ts';

export const intervalSchema = z.enum(INTERVALS);
