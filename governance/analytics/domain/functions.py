"""Which functions SQL may call.

sqlglot's typed ones are Hive's and Spark's own and compute; those that reach outside are
forbidden by name. What it does not know must be allowed by name.
"""

from sqlglot import exp

FORBIDDEN_FUNCTIONS = (
    exp.ReadCSV,
    exp.ReadParquet,
    exp.ToFile,
    exp.NextValueFor,
    exp.AIAgg,
    exp.AIClassify,
    exp.AIEmbed,
    exp.AIForecast,
    exp.AIGenerate,
    exp.AISimilarity,
    exp.AISummarizeAgg,
    exp.MLForecast,
    exp.MLTranslate,
    exp.Host,
    exp.CurrentIpAddress,
    exp.CurrentUser,
    exp.SessionUser,
    exp.CurrentDatabase,
    exp.CurrentCatalog,
    exp.CurrentSchema,
    exp.CurrentSchemas,
    exp.CurrentVersion,
    exp.OpenJSON,
    exp.XMLTable,
)

# Names that both Hive or Spark users write and DuckDB (or a macro of ours) computes.
ALLOWED_FUNCTIONS = frozenset(
    """
    abs acos acosh add_months any_value approx_count_distinct arg_max arg_min array_agg array_append
    array_contains array_distinct array_join array_position array_prepend array_remove array_sort
    ascii asin asinh atan atan2 atanh avg base64 bin bit_and bit_count bit_length bit_or bit_xor
    bool_and bool_or bround cardinality cbrt ceil ceiling char_length character_length chr coalesce
    concat concat_ws contains corr cos cosh cot count count_if covar_pop covar_samp date date_diff
    date_part date_trunc datediff day dayname dayofmonth dayofweek dayofyear decode degrees
    element_at encode ends_with endswith entropy epoch epoch_ms even every exp factorial find_in_set
    first first_value flatten floor format_number from_base64 from_json from_unixtime
    from_utc_timestamp gcd generate_series greatest group_concat hash hex histogram hour hypot if
    ifnull initcap instr isfinite isinf isnan isnotnull json_array_length json_extract
    json_extract_path_text json_extract_string json_keys json_object json_type json_valid kurtosis
    last last_day last_value lcase least left len length levenshtein like list_aggregate
    list_contains list_distinct list_sort list_sum ln locate log log10 log1p log2 lower lpad ltrim
    mad make_date make_timestamp map map_entries map_from_entries map_keys map_values max max_by md5
    mean median microsecond millisecond min min_by minute mod mode month months_between named_struct
    nanvl negative next_day now ntile nullif nvl nvl2 octet_length overlay percentile
    percentile_approx pi pmod position positive pow power printf product quantile quantile_cont
    quantile_disc quarter radians rand random range rank regexp regexp_count regexp_extract
    regexp_extract_all regexp_full_match regexp_like regexp_matches regexp_replace regr_avgx
    regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace
    reverse right rint rlike round row_number rpad rtrim second sequence sha sha1 sha2 sha256
    shiftleft shiftright sign signum sin sinh size skewness slice sort_array space split split_part
    sqrt starts_with startswith std stddev stddev_pop stddev_samp strftime string_agg strlen strpos
    strptime struct struct_extract substr substring substring_index sum tan tanh time_bucket to_date
    to_days to_hours to_json to_minutes to_seconds to_timestamp to_unix_timestamp to_utc_timestamp
    today translate trim trunc try_cast try_strptime typeof ucase unbase64 unhex unix_timestamp
    unnest upper uuid var_pop var_samp variance week weekday weekofyear width_bucket xor year
    yearweek
    """.split()  # noqa: SIM905 - read as a paragraph
)

# What Hive has and DuckDB lacks, made in each fresh connection.
MACROS = (
    "CREATE MACRO pmod(a, b) AS ((a % b) + b) % b",
    "CREATE MACRO negative(a) AS -a",
    "CREATE MACRO positive(a) AS a",
    "CREATE MACRO space(n) AS repeat(' ', n)",
    "CREATE MACRO find_in_set(a, b) AS coalesce(list_position(string_split(b, ','), a), 0)",
    "CREATE MACRO rint(a) AS round_even(a, 0)",
    "CREATE MACRO bround(a, b := 0) AS round_even(a, b)",
    "CREATE MACRO every(a) AS bool_and(a)",
    "CREATE MACRO std(a) AS stddev_pop(a)",
    "CREATE MACRO format_number(a, b) AS format('{:,.' || b || 'f}', a::DOUBLE)",
    "CREATE MACRO from_utc_timestamp(a, b) AS timezone(b, timezone('UTC', a::TIMESTAMP))",
    "CREATE MACRO to_utc_timestamp(a, b) AS timezone('UTC', timezone(b, a::TIMESTAMP))",
    "CREATE MACRO to_unix_timestamp(a) AS epoch(a::TIMESTAMP)::BIGINT",
    "CREATE MACRO hypot(a, b) AS sqrt(a * a + b * b)",
    "CREATE MACRO isnotnull(a) AS a IS NOT NULL",
    "CREATE MACRO log1p(a) AS ln(1 + a)",
    "CREATE MACRO nanvl(a, b) AS CASE WHEN isnan(a::DOUBLE) THEN b ELSE a END",
    "CREATE MACRO shiftleft(a, b) AS a << b",
    "CREATE MACRO shiftright(a, b) AS a >> b",
    "CREATE MACRO slice(a, b, c) AS list_slice(a, b, b + c - 1)",
    "CREATE MACRO regexp(a, b) AS regexp_matches(a, b)",
    "CREATE MACRO rlike(a, b) AS regexp_matches(a, b)",
    (
        "CREATE MACRO substring_index(a, b, c) AS CASE WHEN c = 0 THEN '' WHEN c > 0 "
        "THEN array_to_string(list_slice(string_split(a, b), 1, c), b) "
        "ELSE array_to_string(list_slice(string_split(a, b), c, -1), b) END"
    ),
    (
        "CREATE MACRO width_bucket(a, b, c, d) AS CASE WHEN a < b THEN 0 WHEN a >= c THEN d + 1 "
        "ELSE CAST(floor((a - b) * d / (c - b)) AS BIGINT) + 1 END"
    ),
)
