import type { PlantedBug } from './planted-bug.ts';

export const planted: PlantedBug = {
  what: 'a fold moves the pointer whatever it was meanwhile',
  edits: [
    {
      path: 'lib/adapters/aws/dynamodb-commit-log.ts',
      source:
        "            ConditionExpression: from === null ? 'attribute_not_exists(ptr)' : 'ptr = :from',\n",
      replacement: '',
    },
    {
      path: 'lib/adapters/aws/dynamodb-commit-log.ts',
      source: "              ...(from === null ? {} : { ':from': { S: JSON.stringify(from) } }),\n",
      replacement: '',
    },
  ],
};
