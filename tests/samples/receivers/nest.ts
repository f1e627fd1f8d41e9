import { createHmac } from 'node:crypto';

interface LeverHook {
  event: string;
  token: string;
  triggeredAt: number;
  signature: string;
  data: { opportunityId?: string; contactId?: string; candidateId?: string };
}

const SECRET: string = process.env.LEVER_SIGNATURE_TOKEN ?? '';

export const isLever = (hook: LeverHook): boolean =>
  createHmac('sha256', SECRET).update(`${hook.token}${hook.triggeredAt}`).digest('hex') === hook.signature;

export const isLeverByRaw = (raw: string, hook: LeverHook): boolean =>
  createHmac('sha256', SECRET).update(raw).digest('hex') === hook.signature; // expect: LK308

@Controller('hooks/lever')
export class LeverHooks {
  @Post('signed-by-header')
  byHeader(@Headers('x-lever-signature') signature: string, @Body() hook: LeverHook) { // expect: LK308
    return this.queue.add({ signature, hook });
  }

  @Post('moved')
  async moved(@Body() hook: LeverHook) {
    if (!isLever(hook) || hook.event !== 'candidateStageChange') return;
    await this.people.touch(hook.data.candidateId); // expect: LK307
  }

  @Post('deleted')
  async deleted(@Body() hook: LeverHook) {
    if (isLever(hook)) await this.candidacies.drop(hook.data.opportunityId ?? hook.data.candidateId);
  }

  async tagByCreating(contact: string, tag: string): Promise<void> {
    await this.lever.post<Created<Opportunity>>('/opportunities', { contact: contact, tags: [tag] }); // expect: LK305
  }

  async apply(person: Person, posting: string): Promise<void> {
    await this.lever.post<Created<Opportunity>>('/opportunities', { name: person.name, postings: [posting], tags: ['Site'] });
  }
}
