# The whole road on one loopback, as somebody would walk it by hand: serve, capture, client, analyse, plot, check.
# The environment has TCPTRACE, the command; it runs in an empty folder, where its files stay.
set -eu

$TCPTRACE serve threads --app http --port 0 >serve.out 2>&1 &
serve=$!
until grep -q "^http, threads: http://" serve.out; do sleep 0.05; kill -0 $serve; done
port=$(sed -n 's|^.*http://127\.0\.0\.1:\([0-9]*\)/.*$|\1|p' serve.out)

$TCPTRACE capture -i lo -w chain.pcapng --json tcp port "$port" >live.json 2>capture.err &
capture=$!
until grep -q "listening on lo" capture.err; do sleep 0.05; kill -0 $capture; done

$TCPTRACE client http --port "$port" --count 3 >client.out
sleep 1 # the last thread of the server closes its connection
kill -INT $capture
wait $capture
kill -TERM $serve

$TCPTRACE analyze chain.pcapng --json >file.json
$TCPTRACE plot chain.pcapng --stream 0 --kind ladder -o ladder.png
$TCPTRACE plot chain.pcapng --stream 0 --kind states -o states.svg
$TCPTRACE check chain.pcapng --update
$TCPTRACE check chain.pcapng
