/** How every session of ONNX Runtime is made, whether it reads films or serves the compiler. */

/** ONNX Runtime's log level: errors. */
const LOG_ERRORS = 3;

/**
 * Options of `InferenceSession.create`: the processor alone, operators one after the other, all graph optimisations.
 *
 * @param intraOpThreads - ONNX Runtime threads within the session
 */
export function sessionOptions(intraOpThreads: number) {
  return {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    intraOpNumThreads: intraOpThreads,
    interOpNumThreads: 1,
    logSeverityLevel: LOG_ERRORS,
  } as const;
}
