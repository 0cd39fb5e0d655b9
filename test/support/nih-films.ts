/**
 * Probabilities of the two NIH films, made independently of the gateway: pydicom 3, Pillow 13 (BILINEAR to 128 x 128) and
 * ONNX Runtime in Python.
 */
const LABELS = [
  'Atelectasis',
  'Cardiomegaly',
  'Effusion',
  'Infiltration',
  'Mass',
  'Nodule',
  'Pneumonia',
  'Pneumothorax',
  'Consolidation',
  'Edema',
  'Emphysema',
  'Fibrosis',
  'Pleural_Thickening',
  'Hernia',
];

const byLabel = (probabilities: readonly number[]): Readonly<Record<string, number>> =>
  Object.fromEntries(LABELS.map((label, index) => [label, probabilities[index] ?? Number.NaN]));

/** File name in `films/chest`, and the probabilities by label of the shipped INT8 model and of its FP32 original. */
export const NIH_FILMS = [
  {
    file: 'nih-00000001-dx-implicit.dcm',
    int8: byLabel([
      0.079072, 0.809836, 0.077788, 0.116665, 0.043153, 0.018301, 0.024039, 0.014083, 0.007875, 0.003849, 0.023931,
      0.013603, 0.042773, 0.000061,
    ]),
    fp32: byLabel([
      0.078313, 0.832409, 0.076824, 0.108137, 0.048296, 0.017307, 0.020017, 0.014552, 0.006462, 0.002889, 0.025711,
      0.012351, 0.044733, 0.000047,
    ]),
  },
  {
    file: 'nih-nofinding-dx-implicit.dcm',
    int8: byLabel([
      0.142818, 0.016956, 0.072325, 0.063766, 0.039269, 0.031947, 0.031175, 0.040681, 0.012646, 0.001411, 0.071606,
      0.044667, 0.043194, 0.007336,
    ]),
    fp32: byLabel([
      0.137543, 0.012398, 0.067809, 0.061, 0.042691, 0.032045, 0.028421, 0.036887, 0.01134, 0.001034, 0.064756,
      0.044094, 0.042444, 0.007814,
    ]),
  },
];
