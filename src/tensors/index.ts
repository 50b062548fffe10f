/** tensors: what is inside safetensors and GGUF files, the digest of each tensor, and what two models differ in. */
export { type Comparison, compareModels, type FileChange, type TensorChange } from './compare.ts'
export { hashTensors, type ModelTensors, type TensorDigest, type TensorFile } from './hash-tensors.ts'
