/** Tasks that whoever starts them does not wait for. They are waited for at the end, so that none is cut off. */
export class BackgroundTasks {
  readonly #running = new Set<Promise<void>>();

  /**
   * Keeps a task that has begun until it has ended.
   *
   * @param failed - told why it failed; must not throw
   */
  add(task: Promise<void>, failed: (error: unknown) => void): void {
    const guarded = task.catch(failed).finally(() => this.#running.delete(guarded));
    this.#running.add(guarded);
  }

  /** Resolves when the tasks that run now have ended in any way. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }
}
