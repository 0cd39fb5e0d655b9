/**
 * Why a codestream is not split: it is damaged, or uses what the splitter does not know. Never an answer to a caller:
 * the codestream is decoded whole then, and what is wrong with it is for its decoder to say.
 */
export class UnusualCodestream extends Error {}
