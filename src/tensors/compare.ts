/** What two models differ in: files and, in files whose tensors are known, tensors. Content that moved is told as moved. */
import type { ModelTensors, TensorDigest, TensorFile } from './hash-tensors.ts'

export interface TensorChange {
  readonly name: string
  readonly change: 'added' | 'removed' | 'changed' | 'renamed'
  /** For a renamed one. */
  readonly from?: string
  /** `BF16 [4096, 4096]`, where the tensor is, or was. */
  readonly kind: string
  /** What it was, where that is another one. */
  readonly wasKind?: string
}

export interface FileChange {
  readonly name: string
  readonly change: 'added' | 'removed' | 'changed' | 'renamed'
  readonly from?: string
  /** Present where tensors could be compared. */
  readonly tensors?: readonly TensorChange[]
  readonly tensorsUnchanged?: number
  /** Names, shapes or metadata in the header differ. */
  readonly headerChanged?: boolean
}

export interface Comparison {
  readonly files: readonly FileChange[]
  readonly filesUnchanged: number
}

/** Both hashed with the same hash. */
export function compareModels(left: ModelTensors, right: ModelTensors): Comparison {
  const { pairs, changes } = match(left.files, right.files, ({ name }) => name, digestOfFile)
  const differing = pairs.filter(([before, after]) => digestOfFile(before) !== digestOfFile(after))
  return {
    files: [
      ...changes.map(({ name, change, from }) => ({ name, change, ...from })),
      ...differing.map(([before, after]) => compareFiles(before, after)),
    ].sort(byName),
    filesUnchanged: pairs.length - differing.length,
  }
}

function compareFiles(before: TensorFile, after: TensorFile): FileChange {
  const { name } = after
  if (before.format === undefined || before.format !== after.format) return { name, change: 'changed' }
  const { pairs, changes } = match(before.tensors, after.tensors, (tensor) => tensor.name, digestOfTensor)
  const differing = pairs.filter(([old, now]) => digestOfTensor(old) !== digestOfTensor(now))
  const tensors: TensorChange[] = [
    ...changes.map(({ item, name: tensor, change, from }) => ({ name: tensor, change, ...from, kind: kindOf(item) })),
    ...differing.map(([old, now]) => ({
      name: now.name,
      change: 'changed' as const,
      kind: kindOf(now),
      ...(kindOf(old) === kindOf(now) ? {} : { wasKind: kindOf(old) }),
    })),
  ]
  const headerChanged = before.headerDigest?.toHex() !== after.headerDigest?.toHex()
  return { name, change: 'changed', tensors: tensors.sort(byName), tensorsUnchanged: pairs.length - differing.length, headerChanged }
}

interface Change<Item> {
  readonly item: Item
  readonly name: string
  readonly change: 'added' | 'removed' | 'renamed'
  readonly from: { readonly from?: string }
}

/** Those of one name in pairs; of the others, what has the same content was renamed. */
function match<Item>(
  before: readonly Item[],
  after: readonly Item[],
  nameOf: (item: Item) => string,
  contentOf: (item: Item) => string,
): { pairs: [Item, Item][]; changes: Change<Item>[] } {
  const old = new Map(before.map((item) => [nameOf(item), item]))
  const now = new Set(after.map(nameOf))
  const gone = Map.groupBy(
    before.filter((item) => !now.has(nameOf(item))),
    contentOf,
  )
  const pairs: [Item, Item][] = []
  const changes: Change<Item>[] = []
  for (const item of after) {
    const same = old.get(nameOf(item))
    const moved = same === undefined ? gone.get(contentOf(item))?.shift() : undefined
    if (same !== undefined) pairs.push([same, item])
    else if (moved !== undefined) changes.push({ item, name: nameOf(item), change: 'renamed', from: { from: nameOf(moved) } })
    else changes.push({ item, name: nameOf(item), change: 'added', from: {} })
  }
  for (const item of [...gone.values()].flat()) changes.push({ item, name: nameOf(item), change: 'removed', from: {} })
  return { pairs, changes }
}

function digestOfFile({ digest, headerDigest, tensors, paddingDigests = [], size }: TensorFile): string {
  return [size, digest?.toHex(), headerDigest?.toHex(), ...tensors.map(digestOfTensor), ...paddingDigests.map((padding) => padding.toHex())].join(' ')
}

function digestOfTensor(tensor: TensorDigest): string {
  return `${kindOf(tensor)} ${tensor.digest.toHex()}`
}

function kindOf({ dtype, shape }: Pick<TensorDigest, 'dtype' | 'shape'>): string {
  return `${dtype} [${shape.join(', ')}]`
}

function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0
}
