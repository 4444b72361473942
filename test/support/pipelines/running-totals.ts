import { avg, count, decimal, dynamodb, kinesis, pipeline, sum } from 'rivulet';

interface Payment {
  readonly account: { readonly id: string };
  readonly amount: string;
}

const accountOf = (payment: Payment) => payment.account.id;

/** Exact running totals of each account, without windows and without event time. */
export default pipeline('totals')
  .from(kinesis<Payment>('payments').partitionedBy(accountOf))
  .keyBy(accountOf)
  .aggregate({
    payments: count(),
    total: sum(decimal('amount', { scale: 2 })),
    mean: avg(decimal('amount', { scale: 2 })),
  })
  .to(dynamodb('totals'), { mode: 'update' });
