/** Names that a person cannot tell apart, or takes for what they are not. */
import unhomoglyph from 'unhomoglyph'
import { visible } from '#core'
import { shownName } from './shown.ts'

export interface LookAlike {
  readonly name: string
  /** Another name, or the plain one that a reader takes it for. */
  readonly like: string
  /** A sentence, `tool` or the like in front of the name. */
  readonly reason: string
}

/**
 * Judges each name alone and against all others.
 * @param what the names are of, such as `tool`
 * @param wanted only what concerns these names; default all
 */
export function findLookAlikes(what: string, names: Iterable<string>, wanted?: ReadonlySet<string>): readonly LookAlike[] {
  const found: LookAlike[] = []
  const seen = new Map<string, string>()
  const isWanted = (name: string): boolean => wanted === undefined || wanted.has(name)
  // Names that are wanted come last: they are the ones that look like something.
  const ordered = [...new Set(names)].toSorted((left, right) => Number(isWanted(left)) - Number(isWanted(right)))
  for (const name of ordered) {
    const forms = formsOf(name)
    if (isWanted(name)) {
      const like = forms.map((form) => seen.get(form)).find((other) => other !== undefined)
      const reason = like === undefined ? aloneFault(what, name) : pairFault(what, name, like)
      if (reason !== undefined) found.push({ name, like: like ?? plain(name), reason })
    }
    for (const form of forms) if (!seen.has(form)) seen.set(form, name)
  }
  return found
}

/** UTS #39 §4 skeletons, of the name as it is and in lower case: `I` looks like `l` only before it becomes `i`. */
function formsOf(name: string): readonly string[] {
  const bare = withoutInvisible(name.normalize('NFKC'))
  return [...new Set([skeleton(bare), skeleton(bare.toLowerCase()), skeleton(bare).toLowerCase()])]
}

function skeleton(text: string): string {
  return unhomoglyph(text.normalize('NFD')).normalize('NFD')
}

/** MCP wants names of tools in A–Z a–z 0–9 _ - . alone; one that looks as if it were is more than a matter of style. */
function aloneFault(what: string, name: string): string | undefined {
  if (withoutInvisible(name) !== name) return `the name of ${what} ${shownName(name)} holds characters that cannot be seen`
  if (/^[\x21-\x7e]*$/.test(name) || !/^[\x21-\x7e]*$/.test(plain(name))) return undefined
  return `the ${what} ${shownName(name)} is written with other characters than ${shownName(plain(name))}, which it looks like`
}

function pairFault(what: string, name: string, like: string): string {
  const pair = `the ${what} ${shownName(name)} looks like ${shownName(like)}`
  if (withoutInvisible(name) !== withoutInvisible(like) && name.toLowerCase() === like.toLowerCase()) return `${pair}: they differ in case alone`
  if (withoutInvisible(name) === withoutInvisible(like)) return `${pair}: they differ in characters that cannot be seen`
  return `${pair}: they are written with different characters`
}

function plain(name: string): string {
  return visible(skeleton(withoutInvisible(name.normalize('NFKC'))))
}

function withoutInvisible(text: string): string {
  return text.replaceAll(INVISIBLE, '')
}

const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{White_Space}]/gu
