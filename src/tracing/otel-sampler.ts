import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace-base';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` name. The SDK makes the same one,
 * but only for itself. As there, what is not known or no ratio counts as the default.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function samplerFromEnv(env: Environment): Sampler {
  const name = env['OTEL_TRACES_SAMPLER']?.trim() ?? '';
  const root = rootSampler(name.replace(/^parentbased_/, ''), env['OTEL_TRACES_SAMPLER_ARG']);
  if (root === null) return new ParentBasedSampler({ root: new AlwaysOnSampler() });
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(name: string, argument: string | undefined): Sampler | null {
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratioOf(argument));
    default:
      return null;
  }
}

function ratioOf(argument: string | undefined): number {
  const ratio = Number(argument?.trim() || 1);
  return ratio >= 0 && ratio <= 1 ? ratio : 1;
}
