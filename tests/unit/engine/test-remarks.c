/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-remarks.c: what the engine says of definitions and bindings that mean nothing, or more than they say
 *
 * Each remark is a line of the log, once; where the configuration is strict it is an error of what is new. "va" is a
 * port without a device, "lo" is one with a device.
 */
#include "tests/unit/engine/stage.h"

#include <string.h>

/* A request for a binding with these parameters. */
static NwfRequest *
bind_port(const char *port, const char *filter, const char *parameters)
{
    g_autofree char *xml = g_strdup_printf("<filterbinding><owner><name>o</name><uuid>5ec00000-0000-4000-8000-"
                                           "000000000001</uuid></owner><portdev name='%s'/><mac address='52:54:0:0:0:1'/>"
                                           "<filterref filter='%s'>%s</filterref></filterbinding>",
                                           port, filter, parameters);
    NwfRequest *request = nwf_request_new(&nwf_bind_kind, port);

    request->binding = nwf_binding_parse(xml, &(NwfReading){.dialect = NWF_DIALECT_9}, NULL, NULL);
    g_assert_nonnull(request->binding);
    return request;
}

static NwfRequest *
bind_with(const char *filter, const char *parameters)
{
    return bind_port("va", filter, parameters);
}

/* An address that cannot be used means that it is learned: a warning with the port, once, however often it changes. */
static void
test_a_dropped_address_is_learned(void)
{
    static const char line[] =
        "port 'va': IP was given as '10.0.0.5/24', which cannot be used: the address of the guest is learned instead";
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    expect_done(stage_turn(stage, bind_with("own", "<parameter name='IP' value='10.0.0.5/24'/>"), &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, line), ==, 1);
    for (guint i = 0; i < 3; i++) {
        fake_learner_learn("va", i % 2 ? "10.0.0.7" : "10.0.0.6");
        expect_done(stage_turn(stage, NULL, &error));
    }
    assert_state(stage, "va", FILTER, ACKNOWLEDGED);
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, line), ==, 1);
}

/* With CTRL_IP_LEARNING=none, or another variable missing, the error names the value that was dropped. */
static void
test_a_dropped_value_is_named(void)
{
    g_autoptr(Stage) stage = stage_new();
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_define("own", OWN_ADDRESS), &error));
    expect_done(stage_turn(stage, stage_define("net", NEEDS_NET), &error));
    expect_done(stage_turn(stage,
                           bind_with("own", "<parameter name='IP' value='10.0.0.5/24'/>"
                                            "<parameter name='CTRL_IP_LEARNING' value='none'/>"),
                           &error)); /* there is no device, so it is closed */
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "IP (the value '10.0.0.5/24' is ignored: it may only have letters, digits, "
                                                    "'_', '.', ':', and is not empty); CTRL_IP_LEARNING is 'none'"), ==, 1);
    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    expect_done(stage_turn(stage, bind_with("net", "<parameter name='NET' value='10.0.0.0/8'/>"), &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "have no value: NET (the value '10.0.0.0/8' is ignored"), ==, 1);
}

/* A parameter that nobody uses is named when the port is bound and when the daemon starts; a redefinition, other ports
 * and restores are quiet. */
static void
test_an_unused_parameter_is_named_once(void)
{
    static const char line[] = "port 'va': the parameter 'ip' has no effect: no rule of filter 'web'";
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    expect_done(stage_turn(stage, bind_with("web", "<parameter name='ip' value='10.0.0.5'/>"), &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, line), ==, 1);
    expect_done(stage_turn(stage, stage_define("web", ETHER("1002")), &error));
    stage_event(stage, "va");
    expect_done(stage_turn(stage, NULL, &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, line), ==, 1);
    stage_restart(stage);
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, line), ==, 2);
    stage_check(stage);
}

/* A reference to a filter that does not exist is named at the definition and at a start, but not if the filter is only
 * read later. */
static void
test_a_missing_reference_is_named(void)
{
    static const char line[] = "filter 'a', reference at line 1: filter 'z' does not exist: no port can use this filter";
    g_autoptr(Stage) stage = stage_new();
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_define("a", "<filterref filter='z'/>"), &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, line), ==, 1);
    stage_restart(stage);
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "reference at line"), ==, 2);
    expect_done(stage_turn(stage, stage_define("z", ETHER("1001")), &error));
    expect_done(stage_turn(stage, stage_define("a", "<filterref filter='z'/>" ETHER("1002")), &error));
    stage_restart(stage);
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "reference at line"), ==, 2);
}

/* Strict: what is remarked on is refused and leaves nothing; what was there before comes up all the same. */
static void
test_strict_refuses_what_is_new(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_define("old", "<filterref filter='gone'/>"), &error));
    expect_done(stage_turn(stage, stage_define("two", "<rule action='drop' direction='out'><ip match='no' srcipaddr='$A'/>"
                                                      "</rule>"), &error));
    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    expect_done(stage_turn(stage, bind_with("web", "<parameter name='ip' value='10.0.0.5'/>"), &error));
    stage->config.strict = TRUE;
    stage_restart(stage);
    assert_state(stage, "va", FILTER, ACKNOWLEDGED);
    g_assert_true(stage_is_right(stage, "va"));

    g_assert_false(stage_turn(stage, stage_define("new", "<filterref filter='gone'/>"), &error));
    g_assert_error(error, NWF_ERROR, NWF_ERROR_UNSUPPORTED);
    g_assert_cmpstr(error->message, ==,
                    "filter 'new', reference at line 1: filter 'gone' does not exist: no port can use this filter (refused because "
                    "strict is 1 in nwfilter.conf)");
    g_clear_error(&error);
    expect_done(stage_turn(stage, stage_define("web", ETHER("1002")), &error)); /* its port is not new */
    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    expect_refused(stage_turn(stage, bind_with("web", "<parameter name='ip' value='10.0.0.5'/>"), &error),
                   NWF_ERROR_UNSUPPORTED);
    expect_refused(stage_turn(stage, bind_with("two", "<parameter name='A' value='10.0.0.1'/>"
                                                      "<parameter name='A' value='10.0.0.2'/>"), &error),
                   NWF_ERROR_UNSUPPORTED);
    stage_check(stage);
    expect_done(stage_turn(stage, bind_with("two", "<parameter name='A' value='10.0.0.1'/>"), &error)); /* is no list */
    stage_check(stage);
}

/* A port that a redefinition meets is not new: what was said of it is not repeated, what has become so is said. */
static void
test_redefinitions_repeat_nothing(void)
{
    static const char learned[] = "port 'va': IP was given as '10.0.0.5/24'";
    static const char list[] = "port 'lo': filter 'web', rule at line 1: with match='no' a list of several values";
    static const char *const others[] = {ETHER("1002"), ETHER("1003"), ETHER("1004")};
    static const char negated[] = "<rule action='drop' direction='out'><ip match='no' srcipaddr='$A'/></rule>";
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    expect_done(stage_turn(stage, bind_port("va", "own", "<parameter name='IP' value='10.0.0.5/24'/>"), &error));
    expect_done(stage_turn(stage, stage_unbind(stage, "lo"), &error));
    expect_done(stage_turn(stage, bind_port("lo", "web", "<parameter name='A' value='10.0.0.1'/>"
                                                         "<parameter name='A' value='10.0.0.2'/>"), &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, list), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *own = g_strconcat(OWN_ADDRESS, others[i], NULL);
        g_autofree char *web = g_strconcat(negated, others[i], NULL);
        expect_done(stage_turn(stage, stage_define("own", own), &error));
        expect_done(stage_turn(stage, stage_define("web", web), &error));
        g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, learned), ==, 1);
        g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, list), ==, 1);
    }
    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    expect_done(stage_turn(stage, bind_port("va", "own", "<parameter name='IP' value='10.0.0.5/24'/>"), &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, learned), ==, 2); /* a new binding is answered */
    stage_check(stage);
}

/* No rule uses IP, but no other port of the bridge may learn it: no remark, and strict takes it. What is no address
 * reserves nothing. */
static void
test_a_reserved_address_has_an_effect(void)
{
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    expect_done(stage_turn(stage, bind_with("web", "<parameter name='IP' value='2001:db8::5'/>"), &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "port 'va': the parameter 'IP' has no effect"), ==, 1);
    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    stage->config.strict = TRUE;
    stage_restart(stage);
    expect_refused(stage_turn(stage, bind_with("web", "<parameter name='IP' value='2001:db8::5'/>"), &error),
                   NWF_ERROR_UNSUPPORTED);
    expect_done(stage_turn(stage, bind_with("web", "<parameter name='IP' value='10.0.0.5'/>"), &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, "port 'va': the parameter 'IP' has no effect"), ==, 1);
}

/* A port without device may wait for its filter; strictly it may not, and nothing of it is left. */
static void
test_strict_wants_the_filter_of_an_absent_port(void)
{
    static const char line[] = "port 'va' has no device and is closed: ";
    g_autoptr(Stage) stage = stage_two_ports();
    g_autoptr(GError) error = NULL;

    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    expect_done(stage_turn(stage, bind_with("gone", ""), &error));
    g_assert_cmpuint(engine_logged(NWF_LOG_WARNING, line), ==, 1);
    stage->config.strict = TRUE;
    stage_restart(stage); /* what was there before is not touched */
    assert_state(stage, "va", CLOSED, ACKNOWLEDGED);
    expect_done(stage_turn(stage, stage_unbind(stage, "va"), &error));
    expect_refused(stage_turn(stage, bind_with("gone", ""), &error), NWF_ERROR_INTERNAL);
    stage_check(stage);
    expect_done(stage_turn(stage, stage_define("later", ETHER("1001")), &error));
    expect_done(stage_turn(stage, bind_with("later", ""), &error));
    expect_done(stage_turn(stage, stage_define("later", NEEDS_NET), &error)); /* not refused because of what is bound */
    assert_state(stage, "va", CLOSED, ACKNOWLEDGED);
    stage_check(stage);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } remarks[] = {
        {"learned", test_a_dropped_address_is_learned},
        {"dropped", test_a_dropped_value_is_named},
        {"unused", test_an_unused_parameter_is_named_once},
        {"reference", test_a_missing_reference_is_named},
        {"strict", test_strict_refuses_what_is_new},
        {"redefinitions", test_redefinitions_repeat_nothing},
        {"reserved", test_a_reserved_address_has_an_effect},
        {"strict-absent", test_strict_wants_the_filter_of_an_absent_port},
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(remarks); i++) {
        g_autofree char *path = g_strconcat("/engine/remarks/", remarks[i].name, NULL);
        g_test_add_func(path, remarks[i].run);
    }
    return g_test_run();
}
