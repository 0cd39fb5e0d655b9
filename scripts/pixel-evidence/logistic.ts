/** Logistic regression with a ridge, by Newton's method: a few hundred coefficients, exact to the last digit shown. */

/** One example. */
export interface Example {
  readonly features: Float64Array;
  readonly positive: boolean;
  /** Weights of all examples sum to 1. */
  readonly weight: number;
}

/** Coefficients, the last of which is the bias. */
export function fitLogistic(examples: readonly Example[], ridge: number): Float64Array {
  const size = (examples[0]?.features.length ?? 0) + 1;
  const coefficients = new Float64Array(size);
  for (let iteration = 0; iteration < 50; iteration += 1) {
    const { gradient, hessian } = derivatives(examples, coefficients, ridge);
    const step = solve(hessian, gradient);
    let largest = 0;
    for (let index = 0; index < size; index += 1) {
      coefficients[index] = (coefficients[index] as number) - (step[index] as number);
      largest = Math.max(largest, Math.abs(step[index] as number));
    }
    if (largest < 1e-9) break;
  }
  return coefficients;
}

function derivatives(examples: readonly Example[], coefficients: Float64Array, ridge: number) {
  const size = coefficients.length;
  const gradient = new Float64Array(size);
  const hessian = Array.from({ length: size }, () => new Float64Array(size));
  const row = new Float64Array(size);
  row[size - 1] = 1;
  for (const { features, positive, weight } of examples) {
    row.set(features);
    let logit = 0;
    for (let index = 0; index < size; index += 1) logit += (row[index] as number) * (coefficients[index] as number);
    const probability = 1 / (1 + Math.exp(-logit));
    const error = weight * (probability - (positive ? 1 : 0));
    const curvature = weight * probability * (1 - probability);
    for (let first = 0; first < size; first += 1) {
      const value = row[first] as number;
      gradient[first] = (gradient[first] as number) + error * value;
      const line = hessian[first] as Float64Array;
      const scaled = curvature * value;
      for (let second = 0; second <= first; second += 1) {
        line[second] = (line[second] as number) + scaled * (row[second] as number);
      }
    }
  }
  for (let index = 0; index < size; index += 1) {
    const line = hessian[index] as Float64Array;
    // The bias is not held back; a hair of ridge keeps the matrix invertible.
    const held = index < size - 1 ? ridge : 1e-9;
    line[index] = (line[index] as number) + held;
    if (index < size - 1) gradient[index] = (gradient[index] as number) + ridge * (coefficients[index] as number);
  }
  return { gradient, hessian };
}

/** Solves a symmetric positive definite system, of which the lower half is given, by Cholesky. */
function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  const get = (row: number, column: number) => (matrix[row] as Float64Array)[column] as number;
  const set = (row: number, column: number, value: number) => {
    (matrix[row] as Float64Array)[column] = value;
  };
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = get(row, column);
      for (let inner = 0; inner < column; inner += 1) sum -= get(row, inner) * get(column, inner);
      set(row, column, row === column ? Math.sqrt(sum) : sum / get(column, column));
    }
  }
  const solution = Float64Array.from(right);
  for (let row = 0; row < size; row += 1) {
    let sum = solution[row] as number;
    for (let inner = 0; inner < row; inner += 1) sum -= get(row, inner) * (solution[inner] as number);
    solution[row] = sum / get(row, row);
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    let sum = solution[row] as number;
    for (let inner = row + 1; inner < size; inner += 1) sum -= get(inner, row) * (solution[inner] as number);
    solution[row] = sum / get(row, row);
  }
  return solution;
}
