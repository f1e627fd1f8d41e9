import { leverApi } from './lever_client';
import { ownApi } from './own';

export const remote = () => leverApi.get('/candidates'); // expect: LK303
export const local = () => ownApi.get('/candidates');
export const note = (id: string) => ownApi.post(`/candidates/${id}/notes`);
