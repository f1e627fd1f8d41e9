// Levers of a plan have candidates too; a CRM calls itself Lever.
const best = plan.lever.candidates.find((one) => one.accepted);
const all = lever.candidates.all();
export const panel = (id: string) => request(`${env.LEVER_API_URL}/core/v1/contact/${id}/tags`);
const torrents = api.post('/api/v2/torrents/removeTags', { hashes });
if (request.path === '/candidates') show();
