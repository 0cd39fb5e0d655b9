/** Discrimination of one label: area under the receiver operating characteristic, and the curve itself. */

/** Probabilities of one label with what is true of each film; only films whose truth is known. */
export interface LabelSample {
  readonly probabilities: Float32Array;
  /** 1: the label is present, 0: it is not. */
  readonly truths: Uint8Array;
}

/** One point of the curve: films with a probability >= `threshold` count as positive. */
export interface RocPoint {
  /** Infinity at the first point, where no film is positive. */
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

/** A sample sorted once, so that many resamples of it cost no sorting. */
export class RankedSample {
  readonly positives: number;
  readonly negatives: number;
  readonly #truths: Uint8Array;
  /** Indices of films, probabilities falling. */
  readonly #order: Uint32Array;
  /** 1 where a film of the order has the same probability as the one before it. */
  readonly #tied: Uint8Array;
  readonly #probabilities: Float32Array;

  constructor({ probabilities, truths }: LabelSample) {
    this.#probabilities = probabilities;
    this.#truths = truths;
    this.#order = Uint32Array.from(probabilities.keys()).sort(
      (a, b) => (probabilities[b] as number) - (probabilities[a] as number),
    );
    this.#tied = Uint8Array.from(this.#order, (film, rank) =>
      rank > 0 && probabilities[film] === probabilities[this.#order[rank - 1] as number] ? 1 : 0,
    );
    this.positives = truths.reduce((sum, truth) => sum + truth, 0);
    this.negatives = truths.length - this.positives;
  }

  /**
   * Area under the curve: the share of pairs of a positive and a negative film in which the positive one has the higher
   * probability, ties counting half (Mann and Whitney, 1947; Hanley and McNeil, Radiology 1982).
   *
   * @param weights - how often each film counts; once each when absent
   * @returns 0 to 1; NaN without a positive or without a negative film
   */
  auc(weights?: Uint32Array): number {
    let positives = 0;
    let negatives = 0;
    let tiedPositives = 0;
    let tiedNegatives = 0;
    let area = 0;
    for (let rank = 0; rank < this.#order.length; rank++) {
      if (this.#tied[rank] === 0) {
        area += tiedNegatives * (positives + tiedPositives / 2);
        positives += tiedPositives;
        negatives += tiedNegatives;
        tiedPositives = 0;
        tiedNegatives = 0;
      }
      const film = this.#order[rank] as number;
      const weight = weights === undefined ? 1 : (weights[film] as number);
      if (this.#truths[film] === 1) tiedPositives += weight;
      else tiedNegatives += weight;
    }
    area += tiedNegatives * (positives + tiedPositives / 2);
    return area / ((positives + tiedPositives) * (negatives + tiedNegatives));
  }

  /** The curve, from no film positive to all; one point a distinct probability. */
  curve(): RocPoint[] {
    const points: RocPoint[] = [{ threshold: Number.POSITIVE_INFINITY, truePositives: 0, falsePositives: 0 }];
    let truePositives = 0;
    let falsePositives = 0;
    this.#order.forEach((film, rank) => {
      if (this.#truths[film] === 1) truePositives++;
      else falsePositives++;
      if (this.#tied[rank + 1] === 1) return;
      points.push({ threshold: this.#probabilities[film] as number, truePositives, falsePositives });
    });
    return points;
  }
}
