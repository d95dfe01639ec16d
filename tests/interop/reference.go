// The chain in Go, after the implementation that this project takes over from: no deadlines, no
// health, errors handed back as they come. What is on the wire is grpc-go's doing.
//
//	reference orc1|orc2|mock_data [OPTION]   serves, and prints its address
//	reference client TARGET NAME SECONDS     calls orc1 once, and prints the outcome
//	reference load TARGET                    calls orc1 until SIGTERM, and prints a count
//
// The options of a server are those of this project's servers, as far as there are any.
// It keeps to what grpc-go has had for years, as distributions have old ones.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	_ "google.golang.org/genproto/googleapis/rpc/errdetails" // so that details can be printed
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// User and UserName are as proto/user.proto has them; from the tags Go's protobuf libraries know the
// rest, and no code has to be generated.
type User struct {
	Name  string `protobuf:"bytes,1,opt,name=name,proto3"`
	Class string `protobuf:"bytes,2,opt,name=class,proto3"`
	Roll  int64  `protobuf:"varint,3,opt,name=roll,proto3"`
}

type UserName struct {
	Name string `protobuf:"bytes,1,opt,name=name,proto3"`
}

func (user *User) Reset() { *user = User{} }
func (user *User) String() string {
	return fmt.Sprintf("name:%q class:%q roll:%d", user.Name, user.Class, user.Roll)
}
func (*User) ProtoMessage() {}

func (name *UserName) Reset()         { *name = UserName{} }
func (name *UserName) String() string { return fmt.Sprintf("name:%q", name.Name) }
func (*UserName) ProtoMessage()       {}

const (
	getUserByName   = "/user.Orchestrator1Service/GetUserByName"
	getUser         = "/user.Orchestrator2Service/GetUser"
	getMockUserData = "/user.MockUserDataService/GetMockUserData"
	inFlight        = 64
)

type decode = func(interface{}) error

func main() {
	arguments := append(os.Args[1:], "", "", "")
	switch arguments[0] {
	case "client":
		callOnce(arguments[1], arguments[2], arguments[3])
	case "load":
		load(arguments[1])
	default:
		serve(arguments[0], readOptions(os.Args[2:]))
	}
}

type options struct {
	listen, upstream, upstreamAuthority, certificate, key, readyFile *string
}

func readOptions(arguments []string) options {
	flags := flag.NewFlagSet("a server", flag.ExitOnError)
	read := options{
		listen:            flags.String("listen", "127.0.0.1:0", "`HOST:PORT`"),
		upstream:          flags.String("upstream", "", "`HOST:PORT` of the next hop"),
		upstreamAuthority: flags.String("upstream-tls-ca", "", "PEM `FILE` of its authority: use TLS"),
		certificate:       flags.String("tls-certificate", "", "PEM `FILE`: serve by TLS"),
		key:               flags.String("tls-key", "", "PEM `FILE` with its key"),
		readyFile:         flags.String("ready-file", "", "`FILE` to write the address to"),
	}
	exitOn(flags.Parse(arguments))
	return read
}

func description(program string, given options) *grpc.ServiceDesc {
	switch program {
	case "orc1":
		connection := dial(*given.upstream, securityOfUpstream(given))
		return service("user.Orchestrator1Service", "GetUserByName", func(read decode) (*User, error) {
			name := new(UserName)
			if err := read(name); err != nil {
				return nil, err
			}
			return call(connection, getUser, &User{Name: name.Name})
		})
	case "orc2":
		connection := dial(*given.upstream, securityOfUpstream(given))
		return service("user.Orchestrator2Service", "GetUser", func(read decode) (*User, error) {
			user := new(User)
			if err := read(user); err != nil {
				return nil, err
			}
			return call(connection, getMockUserData, &UserName{Name: user.Name})
		})
	default:
		return service("user.MockUserDataService", "GetMockUserData", func(read decode) (*User, error) {
			name := new(UserName)
			if err := read(name); err != nil {
				return nil, err
			}
			return mockUserData(name.Name)
		})
	}
}

func service(name, method string, respond func(decode) (*User, error)) *grpc.ServiceDesc {
	handler := func(_ interface{}, _ context.Context, read func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
		return respond(read)
	}
	return &grpc.ServiceDesc{
		ServiceName: name,
		HandlerType: (*interface{})(nil),
		Methods:     []grpc.MethodDesc{{MethodName: method, Handler: handler}},
	}
}

func mockUserData(name string) (*User, error) {
	if len(name) < 6 {
		return nil, fmt.Errorf("invalid name %s. Name length must be atleast 6 characters", name)
	}
	return &User{Name: name, Class: strconv.Itoa(len(name)), Roll: int64(10 * len(name))}, nil
}

func serve(program string, given options) {
	listener, err := net.Listen("tcp", *given.listen)
	exitOn(err)
	server := grpc.NewServer(security(given)...)
	server.RegisterService(description(program, given), nil)
	fmt.Println(listener.Addr())
	if *given.readyFile != "" {
		announce(*given.readyFile, listener.Addr())
	}
	exitOn(server.Serve(listener))
}

func security(given options) []grpc.ServerOption {
	if *given.certificate == "" {
		return nil
	}
	files, err := credentials.NewServerTLSFromFile(*given.certificate, *given.key)
	exitOn(err)
	return []grpc.ServerOption{grpc.Creds(files)}
}

func securityOfUpstream(given options) grpc.DialOption {
	if *given.upstreamAuthority == "" {
		return grpc.WithInsecure()
	}
	authority, err := credentials.NewClientTLSFromFile(*given.upstreamAuthority, "")
	exitOn(err)
	return grpc.WithTransportCredentials(authority)
}

// The file is there as a whole or not at all.
func announce(path string, address net.Addr) {
	partial := path + ".partial"
	exitOn(os.WriteFile(partial, []byte(address.String()+"\n"), 0o600))
	exitOn(os.Rename(partial, path))
}

func dial(target string, security grpc.DialOption) *grpc.ClientConn {
	connection, err := grpc.Dial(target, security)
	exitOn(err)
	return connection
}

func call(connection *grpc.ClientConn, method string, request interface{}) (*User, error) {
	user := new(User)
	err := connection.Invoke(context.Background(), method, request, user)
	return user, err
}

func callOnce(target, name, seconds string) {
	limit, err := time.ParseDuration(seconds + "s")
	exitOn(err)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	user := new(User)
	err = dial(target, grpc.WithInsecure()).Invoke(ctx, getUserByName, &UserName{Name: name}, user, grpc.WaitForReady(true))
	if err == nil {
		fmt.Printf("Got response:\n%v\n", user)
		return
	}
	fmt.Printf("Got error:\n%v\n", err)
	for _, detail := range status.Convert(err).Details() {
		fmt.Printf("%T\n", detail)
	}
	os.Exit(1)
}

func load(target string) {
	connection := dial(target, grpc.WithInsecure())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	outcomes := make(chan string)
	for i := 0; i < inFlight; i++ {
		go func() {
			for {
				outcomes <- outcome(connection)
			}
		}()
	}
	count := map[string]int{}
	for {
		select {
		case text := <-outcomes:
			count[text]++
		case <-stop:
			fmt.Println(count)
			return
		}
	}
}

// It waits for a server that is being restarted, and tries nothing again.
func outcome(connection *grpc.ClientConn) string {
	err := connection.Invoke(context.Background(), getUserByName, &UserName{Name: "krithik"}, new(User), grpc.WaitForReady(true))
	if err != nil {
		return err.Error()
	}
	return "OK"
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
