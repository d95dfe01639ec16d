"""`analysis_failure_test`: a target that Bazel refuses, and the words in which it does."""

_failing = analysis_test_transition(
    settings = {"//command_line_option:allow_analysis_failures": "True"},
)

def _analysis_failure_test_impl(ctx):
    (target,) = ctx.attr.target
    causes = target[AnalysisFailureInfo].causes.to_list() if AnalysisFailureInfo in target else []
    said = [cause.message for cause in causes]
    success = any([ctx.attr.words in message for message in said])

    # A message has a traceback with the checkout's folder: a test that passes must not hold it.
    message = "" if success else "not in {}: {}".format(said, ctx.attr.words)
    return [AnalysisTestResultInfo(success = success, message = message)]

analysis_failure_test = rule(
    implementation = _analysis_failure_test_impl,
    analysis_test = True,
    attrs = {
        "target": attr.label(cfg = _failing, mandatory = True),
        "words": attr.string(mandatory = True),
    },
)
