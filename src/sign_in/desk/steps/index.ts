import type { FlowPurpose } from '../../flow.ts'
import { accountStep } from './account.ts'
import { applicationStep } from './application.ts'
import { claimsStep } from './claims.ts'
import { firstStep } from './first.ts'
import { organizationStep } from './organization.ts'
import { secondFactorStep } from './second_factor.ts'
import type { Step, StepName } from './step.ts'

/** What stands between a first proof and its end, in this order, by what it is for. */
export const STEPS_FOR: Readonly<Record<FlowPurpose['kind'], readonly Step[]>> = {
  sign_in: [accountStep, firstStep, claimsStep, secondFactorStep, organizationStep, applicationStep],
  invitation: [accountStep, claimsStep, secondFactorStep, organizationStep, applicationStep],
  // Whoever links is signed in already, and has just proved it.
  link: [accountStep],
  prove: [accountStep, secondFactorStep],
}

export function stepNamed(name: StepName): Step {
  const step = STEPS_FOR.sign_in.find((one) => one.name === name)
  if (step === undefined) throw new Error(`There is no step ${name}.`)
  return step
}
