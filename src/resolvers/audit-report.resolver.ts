import { Arg, Authorized, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { READS_GOVERNANCE } from '../access/permissions.ts';
import type { ReportPlan } from '../report/model-reports.ts';
import { AuditReport } from '../schema/audit-report.type.ts';
import { ModelVersion } from '../schema/model-version.type.ts';
import { DateTime } from '../schema/scalars.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import type { GatewayContext } from './context.ts';

/** Reports of model versions. */
@Resolver(() => ModelVersion)
export class AuditReportResolver {
  @Authorized<AccessRole>(READS_GOVERNANCE)
  @FieldResolver(() => AuditReport, {
    description: 'Everything that is recorded of the version, as a document to print and sign.',
  })
  auditReport(
    @Root() { id }: ModelVersion,
    @Arg('since', () => DateTime, {
      nullable: true,
      description: 'Figures from then on; default: 92 days, which is the most.',
    })
    since: Date | null,
    @Arg('until', () => DateTime, { nullable: true, description: 'Figures before; default: now.' }) until: Date | null,
    @Ctx() { services }: GatewayContext,
  ): AuditReport {
    return services.reports.plan(id, since, until);
  }
}

/** The document. */
@Resolver(() => AuditReport)
export class AuditReportDocumentResolver {
  @Authorized<AccessRole>(READS_GOVERNANCE)
  @FieldResolver(() => String, {
    description: 'The document: HTML that loads nothing, some 0.3 MB. That it was made is recorded in the audit.',
  })
  async html(@Root() plan: ReportPlan, @Ctx() { caller, operation, services }: GatewayContext): Promise<string> {
    return (await services.reports.make(caller, plan, operation)).html;
  }
}
