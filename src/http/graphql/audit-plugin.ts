/** The audit of answers over HTTP: recorded before Apollo Server sends them. */
import type { ApolloServerPlugin } from '@apollo/server';
import type { Log } from '../../log.ts';
import type { GatewayContext } from '../../resolvers/context.ts';
import { formatError } from '../../resolvers/format-error.ts';
import { operationNameOf } from '../../resolvers/operation-name.ts';
import { recordAnswer } from '../../resolvers/record-answer.ts';

/** The plugin. What cannot be recorded is not sent: the answer has the error alone then. */
export function auditPlugin(log: Log): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart: async () => ({
      didResolveOperation: async ({ document, request, contextValue }) => {
        contextValue.operation = operationNameOf(document, request.operationName);
      },
      willSendResponse: async ({ contextValue, errors, response }) => {
        try {
          await recordAnswer(contextValue, errors);
        } catch (error) {
          const { requestId } = contextValue;
          response.body = { kind: 'single', singleResult: { errors: [formatError(error, log, requestId)] } };
        }
      },
    }),
  };
}
