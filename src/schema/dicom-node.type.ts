import { Field, Float, Int, ObjectType } from 'type-graphql';
import { DimseRetrieval, NodeProtocol } from './enums.ts';
import { CodedError } from './inference.type.ts';
import { CalendarDate, DateTime, DicomUid } from './scalars.ts';

/** How a node is reached on the DICOM network. */
@ObjectType('DimseAddress', { description: 'How a node is reached, and recognised, on the DICOM network.' })
export class DimseAddress {
  @Field(() => String, { description: 'Its AE title.' })
  readonly aeTitle!: string;

  @Field(() => String, { nullable: true, description: 'Its host; null for a node that only sends to the gateway.' })
  readonly host!: string | null;

  @Field(() => Int, { description: 'Its port.' })
  readonly port!: number;

  @Field(() => Boolean, { description: 'Whether the gateway speaks TLS to it.' })
  readonly tls!: boolean;

  @Field(() => DimseRetrieval, { description: 'How studies are fetched from it.' })
  readonly retrieve!: keyof typeof DimseRetrieval;
}

/** Another DICOM application. */
@ObjectType('DicomNode', {
  description: 'Another DICOM application that the gateway knows: an entry of DICOM_NODES_FILE.',
})
export class DicomNode {
  @Field(() => String, { description: 'Its name, by which operations name it.' })
  readonly name!: string;

  @Field(() => DimseAddress, { nullable: true, description: 'Its DIMSE address; null when it speaks DICOMweb alone.' })
  readonly dimse!: DimseAddress | null;

  @Field(() => String, { nullable: true, description: 'Base address of its DICOMweb services; null when it has none.' })
  readonly dicomWebUrl!: string | null;
}

/** A study of a node. */
@ObjectType('RemoteStudy', { description: 'A study as a node describes it; the gateway need not have it.' })
export class RemoteStudy {
  @Field(() => DicomUid, { description: 'Study Instance UID (0020,000D).' })
  readonly studyInstanceUid!: string;

  @Field(() => String, { nullable: true, description: 'Patient ID (0010,0020).' })
  readonly patientId!: string | null;

  @Field(() => String, { nullable: true, description: 'Issuer of Patient ID (0010,0021).' })
  readonly issuerOfPatientId!: string | null;

  @Field(() => String, { nullable: true, description: "Patient's Name (0010,0010), all component groups." })
  readonly patientName!: string | null;

  @Field(() => CalendarDate, { nullable: true, description: "Patient's Birth Date (0010,0030)." })
  readonly patientBirthDate!: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Study Date and Time, read as UTC without a time zone.' })
  readonly studyDate!: string | null;

  @Field(() => String, { nullable: true, description: 'Accession Number (0008,0050).' })
  readonly accessionNumber!: string | null;

  @Field(() => [String], { description: 'Modalities in Study (0008,0061).' })
  readonly modalities!: readonly string[];

  @Field(() => String, { nullable: true, description: 'Study Description (0008,1030).' })
  readonly description!: string | null;

  @Field(() => Int, { nullable: true, description: 'Number of Study Related Instances (0020,1208).' })
  readonly numberOfInstances!: number | null;
}

/** What a node found. */
@ObjectType('RemoteStudies', { description: 'Studies that a node found.' })
export class RemoteStudies {
  @Field(() => [RemoteStudy], { description: 'In the order of the node.' })
  readonly studies!: readonly RemoteStudy[];

  @Field(() => Boolean, { description: 'The node has more: narrow the search, or ask for more.' })
  readonly more!: boolean;
}

/** How a node answered. */
@ObjectType('NodeEcho', { description: 'How a node answered by one protocol.' })
export class NodeEcho {
  @Field(() => NodeProtocol, { description: 'By which protocol it was asked.' })
  readonly protocol!: keyof typeof NodeProtocol;

  @Field(() => Float, { description: 'Time until the answer or the error, milliseconds.' })
  readonly milliseconds!: number;

  @Field(() => CodedError, { nullable: true, description: 'What is wrong; null when it answered well.' })
  readonly error!: CodedError | null;
}

/** How a node answered. */
@ObjectType('EchoDicomNodePayload', { description: 'How a node answered.' })
export class EchoDicomNodePayload {
  @Field(() => [NodeEcho], { description: 'One answer a protocol that it is known to speak.' })
  readonly echoes!: readonly NodeEcho[];
}
