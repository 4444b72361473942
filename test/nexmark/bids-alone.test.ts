import { q0, q1, q2, q14, q21, q22 } from './queries/bids-alone.ts';
import { testAnswers } from './same-answers.ts';

testAnswers({ q0, q1, q2, q14, q21, q22 });
