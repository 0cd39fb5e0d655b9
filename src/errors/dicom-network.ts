/** Of other DICOM nodes. */
import { define, type ErrorDefinition } from './definition.ts';
import { PROCESSING_FAILURE } from './dicom-status.ts';

export const DICOM_NETWORK_ERRORS = {
  DICOM_NODE_UNKNOWN: define(
    false,
    404,
    PROCESSING_FAILURE,
    'Name a node of DICOM_NODES_FILE that speaks the protocol needed.',
  ),
  DICOM_NODE_UNREACHABLE: define(
    true,
    502,
    PROCESSING_FAILURE,
    'Check that the node runs and that its host and port in DICOM_NODES_FILE are right.',
  ),
  DICOM_ASSOCIATION_REJECTED: define(
    false,
    502,
    PROCESSING_FAILURE,
    'Make the AE titles of both sides known to each other, then try again.',
  ),
  DICOM_NODE_FAILED: define(
    true,
    502,
    PROCESSING_FAILURE,
    'Look at the log of the node for the status that the message gives.',
  ),
  DICOM_NODE_REFUSED: define(
    false,
    502,
    PROCESSING_FAILURE,
    'The node would refuse the same request again: look at its log and at its entry in DICOM_NODES_FILE.',
  ),
} satisfies Record<string, ErrorDefinition>;
