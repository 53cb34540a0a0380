#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# calls.pl: calls the nwfilter API through Perl's Sys::Virt, as test_languages.py asks for
#
# The first argument is the URI, a second one opens it read-only. Each line of standard input is a JSON array, a call and its
# arguments; each line of standard output its answer: {"value": …} or {"error": [code, domain, message]}.
# Sys::Virt takes and gives bytes.
use strict;
use warnings;
use Encode qw(decode_utf8 encode_utf8);
use JSON::PP;
use Scalar::Util qw(blessed);
use Sys::Virt;

my ( $uri, $readonly ) = @ARGV;
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $conn;

my %calls = (
    count    => sub { $conn->num_of_nwfilters() + 0 },
    names    => sub { [ sort $conn->list_nwfilter_names( $conn->num_of_nwfilters() ) ] },
    list     => sub { [ sort map { $_->get_name() } $conn->list_all_nwfilters() ] },
    define   => sub { $conn->define_nwfilter(shift)->get_uuid_string() },
    dump     => sub { decode_utf8( $conn->get_nwfilter_by_name(shift)->get_xml_description() ) },
    name     => sub { $conn->get_nwfilter_by_uuid(shift)->get_name() },
    undefine => sub { $conn->get_nwfilter_by_name(shift)->undefine(); undef },
    bind     => sub { $conn->create_nwfilter_binding(shift)->get_port_dev() },
    ports    => sub { [ sort map { $_->get_port_dev() } $conn->list_all_nwfilter_bindings() ] },
    filter   => sub { $conn->get_nwfilter_binding_by_port_dev(shift)->get_filter_name() },
    describe => sub { decode_utf8( $conn->get_nwfilter_binding_by_port_dev(shift)->get_xml_description() ) },
    unbind   => sub { $conn->get_nwfilter_binding_by_port_dev(shift)->delete(); undef },
);

sub answer {
    my ($call) = @_;
    my $value = eval { $call->() };
    my $error = $@;
    return { value => $value } unless $error;
    die $error unless blessed($error) && $error->isa('Sys::Virt::Error');
    return { error => [ $error->code + 0, $error->domain + 0, decode_utf8( $error->message ) ] };
}

$| = 1;
print $json->encode( answer( sub { $conn = Sys::Virt->new( uri => $uri, readonly => $readonly ? 1 : 0 ); undef } ) ), "\n";
while ( my $line = <STDIN> ) {
    my ( $name, @arguments ) = map { encode_utf8($_) } @{ $json->decode($line) };
    print $json->encode( answer( sub { $calls{$name}->(@arguments) } ) ), "\n";
}
