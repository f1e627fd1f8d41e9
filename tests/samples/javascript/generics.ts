const base = 'https://api.lever.co/v1/';

export type Filter = { contact_id?: string };
export const addTags = createEndpoint<{ id: string }, Record<string, unknown>>({
  method: 'POST',
  path: '/opportunities/:id/addTags', // expect: LK306
});

export class LeverReader {
  add(p: unknown) {
    return this.request<Record<string, Array<unknown>>>('POST', 'candidates', p); // expect: LK304
  }

  all(p: unknown) {
    return this.client.get<Page<Array<Candidate>>>('/candidates', p); // expect: LK303
  }

  async update(id: string, tags: string[]) {
    const one = await this.client.get<Envelope<Opportunity>>(`/opportunities/${id}`);
    const contactId = one.data.contact;
    await this.client.put(`/contacts/${contactId}`, { name: 'A' });
    await this.client.post<void>(`/opportunities/${id}/addTags${this.query}`, { tags }); // expect: LK306
  }

  replace(id: string, tags: string[]) {
    return this.lever.request('PUT', `/opportunities/${id}/tags`, { tags }); // expect: LK309
  }
}

export class CrmReader {
  replace(id: string, tags: string[]) {
    return this.crm.request('PUT', `/opportunities/${id}/tags`, { tags }); // expect: LK309
  }
}
