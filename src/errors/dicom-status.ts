/** Failure reasons of PS3.18 table I.2-2 and PS3.4 table B.2-1. */
export const OUT_OF_RESOURCES = 0xa700;
export const DATA_SET_MISMATCH = 0xa900;
export const CANNOT_UNDERSTAND = 0xc000;
export const TRANSFER_SYNTAX_NOT_SUPPORTED = 0xc122;
export const PROCESSING_FAILURE = 0x0110;
export const DUPLICATE_INSTANCE = 0x0111;
export const SOP_CLASS_NOT_SUPPORTED = 0x0122;
