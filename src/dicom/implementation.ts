/** How the gateway names itself in files (PS3.10 section 7.1) and associations (PS3.7 annex D.3.3.2). */

/** Derived from a UUID (PS3.5 annex B.2). */
export const IMPLEMENTATION_CLASS_UID = '2.25.83396242439164956041805517320554811477';

/** At most 16 characters. Part of every file that is made from a data set, so a change makes other files of the same data. */
export const IMPLEMENTATION_VERSION_NAME = 'CXR_GATEWAY';
