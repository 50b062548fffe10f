/** X.501 names in certificates and requests: from attributes to DER, and from anybody's DER to text. */
import { fromBER, IA5String, ObjectIdentifier, PrintableString, Sequence, Set as Asn1Set, Utf8String } from 'asn1js'
import { RelativeDistinguishedNames } from 'pkijs'
import { toHex } from '#core'
import { ATTRIBUTES, type AttributeName, escapeValue, parseSubject } from './subject-text.ts'

/**
 * One RDN of one attribute each, in the order of certificates: the last of the text first (RFC 4514 §2.1). pkijs would put all attributes into one
 * RDN, so the name is made here and handed over as bytes.
 */
export function nameOf(subject: string): RelativeDistinguishedNames {
  const rdns = parseSubject(subject)
    .toReversed()
    .map(
      ({ name, value }) =>
        new Asn1Set({ value: [new Sequence({ value: [new ObjectIdentifier({ value: ATTRIBUTES[name].oid }), stringOf(name, value)] })] }),
    )
  return RelativeDistinguishedNames.fromBER(new Sequence({ value: rdns }).toBER())
}

/** RFC 4514 text of any name; an attribute that is not known comes as `2.5.4.5=#13023031` (§2.4). */
export function nameText(name: RelativeDistinguishedNames): string {
  const { result } = fromBER(name.valueBeforeDecode)
  return members(result)
    .toReversed()
    .map((rdn) => members(rdn).map(attributeText).join('+'))
    .join(',')
}

function attributeText(attribute: unknown): string {
  const [type, value] = members(attribute)
  const oid = type instanceof ObjectIdentifier ? type.getValue() : ''
  const name = KNOWN.find((known) => ATTRIBUTES[known].oid === oid)
  const readable = value instanceof Utf8String || value instanceof PrintableString || value instanceof IA5String
  if (name !== undefined && readable) return `${name}=${escapeValue(value.getValue())}`
  return `${oid}=#${value === undefined ? '' : toHex(new Uint8Array(value.toBER()))}`
}

/** RFC 5280 §4.1.2.4 and appendix A.1: a country is PrintableString, a domain component IA5String, all else UTF8String. */
function stringOf(name: AttributeName, value: string): Utf8String | PrintableString | IA5String {
  if (name === 'C') return new PrintableString({ value })
  return name === 'DC' ? new IA5String({ value }) : new Utf8String({ value })
}

function members(element: unknown): Sequence['valueBlock']['value'] {
  return element instanceof Sequence || element instanceof Asn1Set ? element.valueBlock.value : []
}

const KNOWN = Object.keys(ATTRIBUTES) as readonly AttributeName[]
