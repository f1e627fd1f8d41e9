// The public job board of Lever says nothing about the company's own candidates.
const JOBS = 'https://api.lever.co/v0/postings/acme?mode=json';
const PAGE = 'https://jobs.lever.co/acme';

export const jobs = () => fetch(JOBS);
export const link = (id) => `${PAGE}/${id}`;
export const mine = (id) => axios.get(`${API_URL}/candidates/${id}`);
export const stage = (id) => axios.put(`${API_URL}/candidates/${id}/stage`);
