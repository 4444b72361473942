import { q15, q16, q17 } from './queries/running-totals.ts';
import { testAnswers } from './same-answers.ts';

testAnswers({ q15, q16, q17 });
