import { q4, q9 } from './queries/winning-bids.ts';
import { testAnswers } from './same-answers.ts';

testAnswers({ q4, q9 });
