/** All stories, by what they are about. */
import { accessAndMore } from "./admin/access.ts"
import { administration } from "./admin/anywhere.ts"
import { consumer } from "./consumer.ts"
import { exactlyOnce } from "./exactlyOnce.ts"
import { forEach } from "./forEach.ts"
import { producer } from "./producer.ts"
import { rebalances } from "./rebalances.ts"
import type { Story } from "./Story.ts"
import { shareGroups } from "./share.ts"
import { transactions } from "./transactions.ts"

export const book: Readonly<Record<string, ReadonlyArray<Story>>> = {
  administrator: administration,
  "access and more": accessAndMore,
  producer,
  transactions,
  consumer,
  rebalances,
  "work on records": forEach,
  "exactly once": exactlyOnce,
  "share groups": shareGroups
}
