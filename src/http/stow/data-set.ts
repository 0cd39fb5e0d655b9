/** The little of a DICOM data set that a STOW-RS answer needs, and its two encodings. */

/** One attribute; values by VR: UI and UR text, US numbers, SQ items. */
export type Attribute =
  | { readonly tag: string; readonly keyword: string; readonly vr: 'UI' | 'UR'; readonly values: readonly string[] }
  | { readonly tag: string; readonly keyword: string; readonly vr: 'US'; readonly values: readonly number[] }
  | { readonly tag: string; readonly keyword: string; readonly vr: 'SQ'; readonly values: readonly DataSet[] };

/** Attributes in ascending order of their tags, which are 8 upper-case hexadecimal digits. */
export type DataSet = readonly Attribute[];

/** DICOM JSON Model (PS3.18 annex F.2): an empty attribute has no Value. */
export function toDicomJson(dataSet: DataSet): Record<string, unknown> {
  return Object.fromEntries(
    dataSet.map((attribute) => {
      const { tag, vr } = attribute;
      const values = attribute.vr === 'SQ' ? attribute.values.map(toDicomJson) : attribute.values;
      return [tag, values.length === 0 ? { vr } : { vr, Value: values }];
    }),
  );
}

/** Native DICOM Model (PS3.19 annex A.1), as UTF-8 text. */
export function toNativeXml(dataSet: DataSet): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">${attributes(dataSet)}</NativeDicomModel>\n`
  );
}

function attributes(dataSet: DataSet): string {
  return dataSet
    .map((attribute) => {
      const { tag, vr, keyword } = attribute;
      const values =
        attribute.vr === 'SQ'
          ? attribute.values.map((item, index) => `<Item number="${index + 1}">${attributes(item)}</Item>`)
          : attribute.values.map((value, index) => `<Value number="${index + 1}">${escapeXml(String(value))}</Value>`);
      return `<DicomAttribute tag="${tag}" vr="${vr}" keyword="${keyword}">${values.join('')}</DicomAttribute>`;
    })
    .join('');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
