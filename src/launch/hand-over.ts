/** How the command learns where the verified models are: in its arguments and in its environment. */
import { SealstoneError } from '#core'

export interface HandedModel {
  readonly path: string
  /** `sha256:` and hex. */
  readonly root: string
}

/** `{model}` and `{model1}` are the first model's path, `{model2}` the second one's. Throws USAGE for a number that no model has. */
export function fillIn(argument: string, models: readonly HandedModel[]): string {
  return argument.replaceAll(/\{model(\d{0,4})\}/g, (place, number: string) => {
    const model = models[number === '' ? 0 : Number(number) - 1]
    if (model === undefined)
      throw new SealstoneError('USAGE', `${place} is asked for, but there ${models.length === 1 ? 'is 1 model' : `are ${models.length} models`}`)
    return model.path
  })
}

/** The caller's environment with the models in it. Of Sealstone's own variables only its state directory is passed on: others may be secrets. */
export function environmentFor(models: readonly HandedModel[], inherited: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(inherited).filter(([name]) => !name.startsWith('SEALSTONE_') || name === 'SEALSTONE_HOME')
  const [first] = models
  const numbered = models.flatMap(({ path, root }, index) => [
    [`SEALSTONE_MODEL_${index + 1}`, path],
    [`SEALSTONE_MODEL_ROOT_${index + 1}`, root],
  ])
  return Object.fromEntries([...kept, ['SEALSTONE_MODEL', first?.path], ['SEALSTONE_MODEL_ROOT', first?.root], ...numbered])
}
