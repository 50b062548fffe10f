/** How models are judged here. What is demanded is the operator's word: a caller that could say less would be talked into it. */
import { defined } from '#core'
import type { Service } from './service.ts'

export function policyOf({ trust, trustMemory, require, requireProtection }: Service): Pick<Service, 'trust'> & Partial<Service> {
  return { trust, ...defined({ trustMemory, require, requireProtection }) }
}
