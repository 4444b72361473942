import { q18, q19 } from './queries/best-rows.ts';
import { testAnswers } from './same-answers.ts';

testAnswers({ q18, q19 });
