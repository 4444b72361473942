import { q5, q7, q8, q11 } from './queries/windows.ts';
import { testAnswers } from './same-answers.ts';

testAnswers({ q5, q7, q8, q11 });
