const API = process.env.LEVER_URL ?? 'https://api.lever.co/v1';

export class LeverService {
  constructor(private readonly http: Http, private readonly base: string = API) {}

  async addTag(opportunityId: string, tag: string): Promise<void> {
    await this.http.post(`${this.base}/opportunities/${opportunityId}/addTags`, { tags: [tag] });
  }

  async addTagToPerson(contact: string, tag: string): Promise<void> {
    const { data } = await this.http.get(`${this.base}/opportunities?contact_id=${contact}`);
    for (const row of data) await this.addTag(row.id, tag);
  }

  async legacy(id: string, add: boolean, tags: string[]): Promise<void> {
    await this.http.post([this.base, 'candidates', id, add ? 'addTags' : 'removeTags'].join('/'), { tags }); // expect: LK301
  }

  profile(id: string) {
    return this.request<Candidate>(`/candidates/${id}?expand=applications`); // expect: LK303
  }
}

export class LeverWriter {
  constructor(private readonly http: Http) {}

  private async siblings(person: string) {
    return this.http.get(`${API}/opportunities`, { params: { contact_id: person } });
  }

  private async put(id: string, tags: string[]) {
    return this.http.post(`${API}/opportunities/${id}/addTags`, { tags });
  }

  async everywhere(person: string, tags: string[]) {
    for (const one of (await this.siblings(person)).data) await this.put(one.id, tags);
  }

  async first(person: string, tags: string[]) {
    const [one] = (await this.siblings(person)).data;
    return this.http.post(`${API}/opportunities/${one.id}/addTags`, { tags }); // expect: LK306
  }
}
