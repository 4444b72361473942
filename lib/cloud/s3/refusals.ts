import { ServiceError } from '../service.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A refusal in the service's words; `fields` are further members of the error document. */
export function refusal(
  statusCode: number,
  code: string,
  message: string,
  fields: Fields = {},
): ServiceError {
  return new ServiceError(code, message, { statusCode, fields });
}

export function noSuchBucket(bucketName: string): ServiceError {
  return refusal(404, 'NoSuchBucket', 'The specified bucket does not exist', {
    BucketName: bucketName,
  });
}

export function noSuchKey(key: string, fields: Fields = {}): ServiceError {
  return refusal(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key, ...fields });
}

/** The answer to HEAD, which has no body to name the reason in. */
export function notFound(fields: Fields = {}): ServiceError {
  return refusal(404, 'NotFound', 'Not Found', fields);
}

export function preconditionFailed(condition: string): ServiceError {
  return refusal(
    412,
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
    { Condition: condition },
  );
}

export function invalidArgument(message: string, name: string, value: unknown): ServiceError {
  return refusal(400, 'InvalidArgument', message, {
    ArgumentName: name,
    ArgumentValue: String(value),
  });
}

export function invalidRequest(message: string): ServiceError {
  return refusal(400, 'InvalidRequest', message);
}

export function malformedXml(): ServiceError {
  return refusal(
    400,
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}
