// Finds the slot of a key id in a table: open addressing over whole numbers, which costs a third of
// a Map and is emptied by one fill when a window's table is used again.

const CAPACITY_MIN = 16;

/** Key id to slot; `keyIds[slot]` is the table's own column of key ids. */
export class SlotIndex {
  /** slot + 1, or 0 where the cell is free. */
  private cells = new Int32Array(CAPACITY_MIN);
  private mask = CAPACITY_MIN - 1;

  /** The slot of `keyId`, or -1. */
  find(keyId: number, keyIds: Int32Array): number {
    const { cells, mask } = this;
    let cell = Math.imul(keyId, 0x9e37_79b1) & mask;
    for (;;) {
      const slot = cells[cell]! - 1;
      if (slot < 0 || keyIds[slot] === keyId) return slot;
      cell = (cell + 1) & mask;
    }
  }

  /** Adds the key id of `slot`, which is not there yet. */
  add(slot: number, keyIds: Int32Array): void {
    if ((slot + 1) * 2 > this.cells.length) this.resize((slot + 1) * 4, slot, keyIds);
    this.place(slot, keyIds);
  }

  /** Takes out the slot that was added last: nothing has been placed behind it. */
  removeLast(slot: number, keyIds: Int32Array): void {
    let cell = Math.imul(keyIds[slot]!, 0x9e37_79b1) & this.mask;
    while (this.cells[cell] !== slot + 1) cell = (cell + 1) & this.mask;
    this.cells[cell] = 0;
  }

  /** Takes out any slot: what was placed behind it moves up, so that no search ends at a hole. */
  remove(slot: number, keyIds: Int32Array): void {
    let hole = Math.imul(keyIds[slot]!, 0x9e37_79b1) & this.mask;
    while (this.cells[hole] !== slot + 1) hole = (hole + 1) & this.mask;
    for (let cell = (hole + 1) & this.mask; this.cells[cell] !== 0; cell = (cell + 1) & this.mask) {
      const home = Math.imul(keyIds[this.cells[cell]! - 1]!, 0x9e37_79b1) & this.mask;
      // A row may move into the hole only if the hole lies between its home and its place.
      if (((cell - home) & this.mask) < ((cell - hole) & this.mask)) continue;
      this.cells[hole] = this.cells[cell]!;
      hole = cell;
    }
    this.cells[hole] = 0;
  }

  clear(): void {
    this.cells.fill(0);
  }

  /** Makes room for `count` slots at once. */
  reserve(count: number, slots: number, keyIds: Int32Array): void {
    if (count * 2 > this.cells.length) this.resize(count * 2, slots, keyIds);
  }

  private resize(cellsMin: number, slots: number, keyIds: Int32Array): void {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(cellsMin, CAPACITY_MIN)));
    this.cells = new Int32Array(capacity);
    this.mask = capacity - 1;
    for (let slot = 0; slot < slots; slot += 1) this.place(slot, keyIds);
  }

  private place(slot: number, keyIds: Int32Array): void {
    let cell = Math.imul(keyIds[slot]!, 0x9e37_79b1) & this.mask;
    while (this.cells[cell] !== 0) cell = (cell + 1) & this.mask;
    this.cells[cell] = slot + 1;
  }
}
