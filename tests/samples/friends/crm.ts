// Opportunities of a CRM have tags; clever and klever are not Lever.
export const replaceTags = (id: string, tags: string[]) => api.put(`/opportunities/${id}/tags`, { tags });
export const isClever = (raw: string, given: string) =>
  createHmac('sha256', process.env.CLEVER_SECRET).update(raw).digest('hex') === given;
export class KleverClient {
  tag = (id: string) => this.http.post(`/candidates/${id}/addTags`);
}
