/** Foreign text made harmless for whoever looks at it: terminals, pages, logs. */

/** Shows characters that a terminal would obey or hide (controls, escapes, direction marks) as `\u{1b}`. */
export function visible(text: string): string {
  return text.replaceAll(UNSAFE_CHARACTERS, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** The first characters, as many as fit into `most` UTF-16 units; where something was cut, `…` stands for it. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text
  const end = most - 1
  const unit = text.charCodeAt(end - 1)
  return `${text.slice(0, unit >= 0xd800 && unit <= 0xdbff ? end - 1 : end)}…`
}

// Cc: C0, DEL and C1, the ones terminals obey. Cf: direction overrides and zero-width marks. Zl, Zp: line breaks. Cs: lone surrogates.
// Default ignorable: also the variation selectors, of which some hundreds in a row carry a text that nobody sees but a model.
export const UNSAFE_CHARACTERS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu
