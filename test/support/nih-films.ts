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
      0.078974, 0.826252, 0.076943, 0.107982, 0.049072, 0.017462, 0.020002, 0.014802, 0.006494, 0.002866, 0.0267,
      0.012498, 0.045114, 0.00005,
    ]),
    fp32: byLabel([
      0.078309, 0.832415, 0.076817, 0.108123, 0.048291, 0.017306, 0.020012, 0.014549, 0.006459, 0.002888, 0.025714,
      0.01235, 0.04473, 0.000048,
    ]),
  },
  {
    file: 'nih-nofinding-dx-implicit.dcm',
    int8: byLabel([
      0.137384, 0.01217, 0.067498, 0.061353, 0.041798, 0.031806, 0.028734, 0.036432, 0.011497, 0.001045, 0.065207,
      0.04378, 0.042189, 0.00793,
    ]),
    fp32: byLabel([
      0.137522, 0.0124, 0.067823, 0.060996, 0.042701, 0.032055, 0.02842, 0.036886, 0.011338, 0.001033, 0.064752,
      0.044108, 0.042455, 0.007813,
    ]),
  },
];
