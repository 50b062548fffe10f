/** A tensor as a file's header describes it. */
export interface Tensor {
  readonly name: string
  /** As the format spells it, for example `BF16` or `Q4_K`. */
  readonly dtype: string
  /** Sizes of the dimensions, in the format's own order. */
  readonly shape: readonly number[]
  /** Offsets in the file; the end is not included. */
  readonly start: number
  readonly end: number
}

export interface TensorLayout {
  readonly format: 'safetensors' | 'gguf'
  /** In the order of the file. */
  readonly tensors: readonly Tensor[]
  /** Bytes before the first tensor: names, shapes, metadata. */
  readonly headerBytes: number
}
