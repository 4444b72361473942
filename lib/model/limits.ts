// Every limit with its reason. Service limits carry the name of the page that states them.

const KIB = 1024;
const MIB = 1024 * KIB;

/** Slots of a commit log. A fold is due every 256 batches, which leaves 768 before reuse. */
export const RING_SIZE = 1_024;
/** Share of the ring after which a fold is due: 256 of 1,024 slots, so recovery reads about as many deltas. */
export const FOLD_INTERVALS_PER_RING = 4;
/** A body above this is spilled. DynamoDB items end at 400 KB ("Service quotas"); 640 bytes are the header's. */
export const INLINE_BODY_BYTES_MAX = 350 * KIB;
/** A delta above this commits a prefix of the batch: it bounds replay and the time to encode. */
export const DELTA_BYTES_MAX = 3 * MIB;
/** Outputs up to this ride in the commit: 8 write units cost about as much as one S3 PUT. */
export const INLINE_OUTPUT_BYTES_MAX = 8 * KIB;
/** Header bytes when stored: with keys they stay inside one write unit of 1 KB. */
export const HEADER_BYTES_MAX = 640;
/**
 * Header bytes of a log that 50 shards share: each adds some 140 bytes of position, which a commit pays
 * for with one write unit per 7 shards. Beside a body of 350 KiB an item of 400 KB has room for 300.
 */
export const SHARED_HEADER_BYTES_MAX = 8 * KIB;
/** DynamoDB item size ("Service quotas"). */
export const ITEM_BYTES_MAX = 400 * KIB;
/** JSON deeper than this is a dead letter: it could be parsed but not always be written again. */
export const JSON_DEPTH_MAX = 64;
/** What operators put around a value of an event is a few levels; a reader allows for more of them. */
export const STORED_JSON_DEPTH_MAX = JSON_DEPTH_MAX + 16;
/** Timers of one operator that fire in one batch: the others stay due for the next. */
export const TIMERS_PER_BATCH_MAX = 100_000;
/** UTF-8 bytes of a key: it stands in a table item of 400 KB and leaves three quarters to the results. */
export const KEY_BYTES_MAX = 100 * KIB;
/** Starts on one head before a batch is halved: two may be bad luck, three are poison. */
export const ATTEMPTS_BEFORE_ISOLATION = 3;
/** Deaths over one record alone before it is set aside unread. */
export const LONE_DEATHS_MAX = 3;
/** A delta of one record above this makes it a dead letter: it is ten times what a commit may hold. */
export const RECORD_DELTA_BYTES_MAX = 32 * MIB;
/**
 * Rows for tables and functions above this commit a prefix of the batch: a new on-demand table takes
 * 4,000 writes a second, and a function has to be done with its rows within one invocation.
 */
export const TABLE_ROWS_MAX = 50_000;
/** How often a cold reader starts over with a newer pointer before it gives up. */
export const RECOVERY_RESTARTS_MAX = 5;
/** Bytes that a compressed body may expand to: 3 MiB of delta, and outputs of one invocation's 6 MB. */
export const BODY_BYTES_MAX = 64 * MIB;
/** Bytes that one snapshot segment may expand to. */
export const SEGMENT_BYTES_MAX = 512 * MIB;
/** Warm states a sandbox keeps before it drops the least recently used. */
export const WARM_STATE_BYTES_MAX = 256 * MIB;
/** Parallel requests while publishing to one table: the SDK's own pool has 50 sockets. */
export const PUBLISH_CONCURRENCY = 48;
/** Bytes of a static table: it is read as a whole, and indexed it takes several times as much memory. */
export const STATIC_TABLE_BYTES_MAX = 64 * MIB;
/** Time kept free before the invocation ends, so that no request of ours outlives it. */
export const DEADLINE_RESERVE_MS = 2_000;
/** Default age of a record beyond which the mapping gives up: seven days, the longest finite value. */
export const RECORD_AGE_MAX_S = 604_800;
/** Arrival gap after the head's last record that makes the task check for lost records. */
export const QUIET_ARRIVAL_MS = 5 * 60_000;
/** Panes of one sliding window: what is merged for each window and key at each batch that touches it. */
export const WINDOW_PANES_MAX = 1_000;
/** Digits after the point of an exact decimal: Spark, Athena and DynamoDB hold 38 in all, an average adds 4. */
export const DECIMAL_SCALE_MAX = 18;
/** Digits in all of a decimal that is added: ten fewer than those 38, so that 10^10 of them have a sum. */
export const DECIMAL_DIGITS_MAX = 28;
/**
 * Numbers that aggregates take are 0 or have a magnitude from here up to `NUMBER_MAGNITUDE_END`, because
 * results have to be numbers of DynamoDB, 1e-130 to below 1e126 ("Supported data types"). Sums of doubles
 * are multiples of the last bit of their smallest term, here 1e-126: they are 0 or storable, and so is
 * their mean over up to 10^4 rows even where all but that bit cancels out.
 */
export const NUMBER_MAGNITUDE_MIN = 1e-110;
/** The sum of 10^15 numbers below this is below 1e125; its square, for deviations, is far from overflow. */
export const NUMBER_MAGNITUDE_END = 1e110;
/**
 * Bytes of JSON in a list or set that one group collects: it is written again with each batch that
 * changes it, 48 such groups fill a commit, and an item of 400 KB holds six of them.
 */
export const COLLECTED_BYTES_MAX = 64 * KIB;
/** Distinct values, or bins of a sketch, that one group tallies: some 100 KiB where doubles are long. */
export const TALLY_VALUES_MAX = 10_000;
/** Values that `topK` keeps of a group. */
export const TOP_VALUES_MAX = 100;
/** Bytes of JSON of a value that `topK` keeps: with a rank as long, a group has at most 200 KiB. */
export const TOP_VALUE_BYTES_MAX = KIB;
/** Finest relative error of a distinct count: 2^14 registers of one byte. Spark allows 2^18 and more. */
export const DISTINCT_ERROR_MIN = 0.01;
/** Coarsest one, as in Spark: 2^4 registers. */
export const DISTINCT_ERROR_MAX = 0.39;
/** Coarsest percentiles: bins of a third of their upper end. */
export const PERCENTILE_ACCURACY_MIN = 2;
/** Finest percentiles: 1,151 bins for each decade, so that the tally of a group spans eight. */
export const PERCENTILE_ACCURACY_MAX = 1_000;
