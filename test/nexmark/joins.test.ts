import { q3, q13, q20 } from './queries/joins.ts';
import { testAnswers } from './same-answers.ts';

testAnswers({ q3, q13, q20 });
