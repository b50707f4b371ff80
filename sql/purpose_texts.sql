-- Many purposes, as people type them, and the tag that each must get.
--
-- What is not expected is listed; an empty list is the proof.  All texts are
-- invented.  "none" must get no tag at all, "not x" may get any other but
-- immigration, and no text but the first kind may be tagged immigration.
\set SHOW_CONTEXT never
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;
RESET client_min_messages;
SELECT sharing_guard.configure('US-CA', 'Anytown Police Department',
                               'America/Los_Angeles', 'the records unit') \g /dev/null
SELECT count(*) > 100 AS adopted FROM sharing_guard.adopt_policy('us-ca');
CREATE TEMP TABLE labelled (expected text, purpose text);
COPY labelled FROM stdin;
immigration	ICE
immigration	ice
immigration	Ice hold
immigration	ICE HOLD
immigration	assist ICE w/ warrant
immigration	for ICE
immigration	ICE.
immigration	(ICE)
immigration	"ICE"
immigration	'ICE'
immigration	#ICE
immigration	@ICE
immigration	ICE's request
immigration	ICE-detainer
immigration	ICE/ERO
immigration	ERO/ICE
immigration	ICE & ERO
immigration	ICE,DEA
immigration	DEA/ICE task force
immigration	ICE_HOLD
immigration	ICE--HOLD
immigration	ICE|ERO
immigration	re:ICE
immigration	ICE#A123456789
immigration	ice case 26-1234
immigration	ICE 26-1234
immigration	26-1234 ICE
immigration	I.C.E
immigration	I.C.E.
immigration	I. C. E.
immigration	I C E
immigration	i c e
immigration	I-C-E
immigration	I_C_E
immigration	I*C*E
immigration	I/C/E
immigration	i.c.e. agents
immigration	x I C E
immigration	X I C E hold
immigration	per I C E agent
immigration	y I.C.E. request
immigration	to I C E
immigration	I.CE
immigration	IC.E warrant
immigration	I-CE
immigration	I C.E.
immigration	a I C E hold
immigration	F O R  E R O
immigration	C.B.P.
immigration	C B P assist
immigration	assist C.B.P
immigration	U.S.C.I.S.
immigration	U.S.B.P.
immigration	E.R.O. officer
immigration	ERO request
immigration	ero fugitive team
immigration	Enforcement & Removal Ops
immigration	Enforcement and Removal Operations
immigration	Removal Operations officer Smith
immigration	CBP
immigration	CBP officer
immigration	USBP
immigration	US Border Patrol
immigration	U.S. Border Patrol
immigration	Boarder patrol assist
immigration	border ptrol
immigration	BORTAC
immigration	Customs & Border Protection
immigration	Customs and Border Protection
immigration	Custums and Border Protection
immigration	border agents
immigration	immigration
immigration	Immigration
immigration	IMMIGRATION
immigration	Immigration.
immigration	immigration+
immigration	immigrations
immigration	imigration
immigration	immgration
immigration	immigation
immigration	immigraton
immigration	immigratoin
immigration	immirgation
immigration	immigrationn
immigration	ummigration
immigration	immigratiom
immigration	Imm1gration
immigration	imm1grat10n
immigration	immigration-hold
immigration	immi-gration
immigration	Immig hold
immigration	imm hold
immigration	INS hold
immigration	INS detainer
immigration	immigration/drugs
immigration	warrant/immigration
immigration	civil immigration warrant
immigration	immigration (civil/administrative) -
immigration	immigration violator file
immigration	immigration violation
immigration	immigration enforcement
immigration	illegal immigration
immigration	immigration raid
immigration	immigration status check
immigration	citizenship status
immigration	deport
immigration	deported
immigration	deportee
immigration	deportation
immigration	deportaion
immigration	deprotation order
immigration	deportation warrant
immigration	previously deported felon
immigration	de-portation
immigration	DEPORT
immigration	deporting family
immigration	re-entry after deportation
immigration	illegal reentry
immigration	illegal re-entry
immigration	Illegal entry
immigration	unlawful re-entry
immigration	illegal alien
immigration	illegal aliens
immigration	ilegal alien
immigration	criminal alien
immigration	illegal immigrant
immigration	illegal imigrant
immigration	illegals
immigration	undocumented
immigration	undocumented worker
immigration	undocumentd immigrants
immigration	undocumented male adult
immigration	removal order
immigration	final order of removal
immigration	order of removal
immigration	removal proceedings
immigration	expedited removal
immigration	warrant of removal
immigration	civil detainer
immigration	ICE detainer I-247
immigration	I-247A
immigration	I-247
immigration	I-200 warrant
immigration	form I-205
immigration	I-205 warrant
immigration	i247a
immigration	8 USC 1326
immigration	8 U.S.C. 1325
immigration	8 U.S.C. § 1326
immigration	8usc1326
immigration	title 8 usc 1326(a)
immigration	287(g)
immigration	287 (g)
immigration	287( g )
immigration	287(G) TASK FORCE
immigration	287 g
immigration	287-g
immigration	287g
immigration	287g agreement
immigration	INA 287(g)
immigration	287(g) deputy
immigration	visa overstay
immigration	overstayed visa
immigration	border crossers
immigration	in the country illegally
immigration	EOIR warrant
immigration	inmigración
immigration	INMIGRACION
immigration	inmigracíon
immigration	imigración
immigration	agente de inmigración
immigration	la migra
immigration	migra
immigration	redada de la migra
immigration	deportación
immigration	deportado
immigration	orden de deportación
immigration	indocumentado
immigration	indocumentados
immigration	trabajador indocumentado
immigration	patrulla fronteriza
immigration	sin papeles
immigration	estatus migratorio
immigration	detención migratoria
immigration	suspect vehicle, ICE requested
immigration	black ice, then ICE hold
immigration	ice cream truck driver, ICE hold
immigration	ICE requested help; slipped on ice
immigration	police assist ICE
immigration	P.O.L.I.C.E. and ICE
immigration	Justice Dept / ICE
immigration	Doe v. I.C.E.
immigration	Agent John Q. I.C.E. hold
immigration	icehold
immigration	ICEdetainer
immigration	anti-ICE protest
immigration	HSI/ICE
immigration	ICE HSI
immigration	DHS ICE
immigration	DHS-ICE
immigration	USBP Immigration Investigation
immigration	tip on ICE raid
immigration	ICE agents on road
immigration	undoc male
immigration	INA violation
immigration	CBPO Smith
immigration	ERO proactive crim case research
immigration	illegal status
immigration	wanted by ICE
immigration	Assist to Border Patrol
immigration	AOA-ICE
immigration	alien, previously deported
immigration	check with ICE on status
immigration_possible	HSI
immigration_possible	H.S.I.
immigration_possible	H S I
immigration_possible	HSI drug lead
immigration_possible	hsi - labor trafficking
immigration_possible	DHS
immigration_possible	D.H.S.
immigration_possible	Homeland Security
immigration_possible	HOMELAND SECURITY
immigration_possible	homeland sec
immigration_possible	homland security
immigration_possible	Homeland Security Investigations
immigration_possible	Dept. of Homeland Security
immigration_possible	detainer
immigration_possible	immigrant
immigration_possible	immigrants
immigration_possible	migrants
immigration_possible	alien
immigration_possible	visa fraud
immigration_possible	green card
immigration_possible	asylum
immigration_possible	US Customs
immigration_possible	U.S. Customs agent
immigration_possible	administrative warrant
immigration_possible	human smuggling
immigration_possible	border crossing
immigration_possible	refugee
immigration_possible	citizenship
immigration_possible	ICE contact
immigration_possible	inmigrante
immigration_possible	ordered removed
immigration_possible	crossed illegally
immigration_possible	ilegales
federal_assist	FBI
federal_assist	F.B.I.
federal_assist	F B I
federal_assist	FBI bank robbery
federal_assist	fbi/dea
federal_assist	DEA
federal_assist	D.E.A.
federal_assist	ATF
federal_assist	A.T.F. trace
federal_assist	USMS
federal_assist	usms cas
federal_assist	US Marshals
federal_assist	U.S. Marshal
federal_assist	US Marshall
federal_assist	Marshals Service
federal_assist	united states marshals
federal_assist	Secret Service
federal_assist	secret servce
federal_assist	USSS
federal_assist	USPIS
federal_assist	postal inspector
federal_assist	JTTF
federal_assist	federal agents
federal_assist	feds
federal_assist	NCIS
federal_assist	deputy US marshal
none	office
none	OFFICE
none	Office burglary
none	officer
none	officer involved shooting
none	police
none	Police
none	POLICE
none	P O L I C E
none	P.O.L.I.C.E.
none	p o l i c e
none	O F F I C E
none	O.F.F.I.C.E.R.
none	J U S T I C E
none	S E R V I C E
none	V I C E
none	V.I.C.E. unit
none	V-I-C-E
none	N O T I C E
none	L I C E N S E  P L A T E
none	D E V I C E
none	D A N G E R O U S
none	H E R O I N
none	Z E R O
none	R I C E
none	P R I C E
none	I C E D  T E A
none	B L A C K  I C E
none	Justice
none	criminal justice
none	fugitive of justice
none	vice
none	VICE INVESTIGATION
none	service
none	services
none	Special Services Investigation
none	warrant service
none	license
none	license plate
none	notice
none	device
none	price
none	advice
none	practice
none	invoice
none	juice
none	slice
none	Alice missing
none	Janice Doe
none	Vicente
none	Iceland
none	icehouse
none	icebox theft
none	iced tea
none	icing
none	ices
none	nice car
none	dice game
none	twice
none	thrice
none	hero
none	zero
none	heroin
none	Inv. Heroin Sales
none	aerosol
none	euro
none	Romero homicide
none	Guerrero
none	Nero
none	erosion
none	ice cream
none	Ice Cream truck
none	ICE CREAM
none	ice-cream truck theft
none	icecream
none	ice machine theft
none	ICE MACHINE
none	ice machine
none	black ice
none	Black Ice collision
none	BLACK ICE
none	black-ice crash
none	dry ice
none	dry ice bomb
none	ice rink
none	ice pick stabbing
none	ice chest
none	ice chests stolen
none	ice cooler
none	ice bucket
none	bag of ice
none	theft of ice
none	stolen ice chest
none	ice skating rink
none	ice hockey
none	ice storm
none	ice plant
none	vehicle slid on ice
none	slipped on ice
none	fell on the ice
none	ice on roadway
none	ice on the road
none	ice on windshield
none	icy road
none	snow and ice
none	patch of ice
none	crystal ice
none	meth/ice
none	ice pipe
none	2 grams of ice
none	sale of ice
none	vanilla ice
none	break the ice
none	thin ice
none	ICE - in case of emergency
none	in case of emergency (ICE)
none	ICE emergency contact
none	emergency contact
none	emergency ICE contact
none	287(B) vehicle
none	287PC
none	287 PC
none	PC 287
none	287(a) PC
none	287(c)(1)
none	287(g) PC
none	PC 287(g)
none	261(a)(2)PC; 220PC; 289PC, 287PC
none	26-13287 G
none	unit 287
none	287 G St
none	287 G Street burglary
none	1287 (g)
none	287(gg)
none	287(h)
none	ICE123
none	8ICE123
none	plate 7ICE442
none	2026ICE
none	custom vehicle
none	customer complaint
none	customs
none	border
none	Border Ave burglary
none	Borders bookstore
none	deposit
none	deposition
none	department
none	departed location
none	suspect departed
none	reported stolen
none	reporting party
none	reporter
none	deportment
none	depot
none	Home Depot theft
none	Auto deportivo
none	deportes
none	detained
none	detained subject
none	detainee
none	retainer
none	unlawful detainer
none	alienate
none	Alienware theft
none	document fraud
none	documented gang member
none	undocumented injuries
none	removal
none	hotplate removal
none	graffiti removal
none	vehicle removal
none	snow removal
none	tree removal
none	illegal dumping
none	illegal sale of firearms
none	illegal parking
none	illegal fireworks
none	illegal firearm
none	illegal entry into vehicle
none	illegally parked
none	visa card
none	stolen visa
none	Visa gift cards
none	Visalia PD
none	advisory
none	vista
none	Migraine
none	emigrated
none	migratory birds
none	imagination
none	immediate
none	immunization
none	imminent threat
none	integration
none	ignition
none	instigation
none	insurance fraud
none	ins fraud
none	no ins
none	inspection
none	marshal
none	Marshalls theft
none	Marshall Ave
none	fire marshal
none	Victoria Secret grab and run
none	secret
none	Federal Way PD
none	Federal Blvd
none	Federal Express theft
none	idea
none	dead body
none	dealer
none	death investigation
none	DUI
none	D.U.I.
none	D.U.I. 247A
none	CHP
none	DOJ
none	warrant
none	narcotics
none	I-205 freeway
none	hit and run on I-205
none	EB I-205 at Mossdale
none	I-5 pursuit
none	SR-99 shooting
none	A-1 Towing
none	I.D. theft
none	I.D. check stolen
none	stolen vehicle
none	suspect vehicle
none	245 suspect vehicel
none	PC 484 license plate
none	homicide
none	459 PC
none	missing juvenile
none	CP re: BOLO
none	J. R. Smith, unit A B C
none	U.S. mail theft
none	US currency
none	USC student
none	Title 18
none	18 USC 922
none	SERO
none	USICE
none	NICE
none	RICE
none	AICE
none	ICEE machine
none	Hicks
none	Officer Rice
none	Cicero Ave
none	Dr. Bernice King
none	Eunice
none	Ulta Booster
none	speed
none	E.R. visit
none	C.P. re BOLO
none	CPB
none	CBD
none	CVS
none	APT 287 G
none	287 Grand Ave
none	Nicearre
none	unit 12 officer Price
none	Lice treatment
none	ice-machine
none	ICE-CREAM TRUCK
none	Icelandic
none	ICEBERG lettuce theft
none	Officer J. Rice
none	dicey
none	armas ilegales
none	piso mojado
none	car parked here illegally
none	Ice Arena burglary
none	anti-icing
none	de-icing truck
none	deice
none	ice-covered windshield
none	frozen
none	juicer
none	Prejudice
none	malice
none	twice-convicted felon
none	C B radio
none	E
none	I
none	C
none	E.
none	IC
none	CE
none	IE
vague_purpose	26-1234
vague_purpose	128769
vague_purpose	911
vague_purpose	#12
vague_purpose	inv
vague_purpose	INV
vague_purpose	Inv.
vague_purpose	inv.
vague_purpose	Investigation
vague_purpose	investigation 26-1234
vague_purpose	investagtion
vague_purpose	investgation
vague_purpose	suspect
vague_purpose	SUSPECT
vague_purpose	Suspects
vague_purpose	case
vague_purpose	case 26-1234
vague_purpose	case # 26-1234
vague_purpose	active case
vague_purpose	active investigation
vague_purpose	criminal investigation
vague_purpose	ongoing investigation
vague_purpose	I.N.V.
vague_purpose	follow up
vague_purpose	follow-up
vague_purpose	patrol
vague_purpose	leo
vague_purpose	agency assist
vague_purpose	law enforcement
vague_purpose	law enforcement purposes
vague_purpose	official business
vague_purpose	info
vague_purpose	information
vague_purpose	for investigation
vague_purpose	the case
vague_purpose	see report
vague_purpose	search
vague_purpose	query
vague_purpose	lookup
vague_purpose	26-13287
vague_purpose	128769
vague_purpose	case 287
vague_purpose	report
vague_purpose	10851
no_purpose	.
no_purpose	-
no_purpose	---
no_purpose	...
no_purpose	?
no_purpose	***
no_purpose	N/A
no_purpose	n/a
no_purpose	NA
no_purpose	na
no_purpose	none
no_purpose	None
no_purpose	NONE
no_purpose	null
no_purpose	unknown
no_purpose	Unknown
no_purpose	x
no_purpose	xx
no_purpose	XXX
no_purpose	test
no_purpose	TEST
no_purpose	testing
no_purpose	asdf
no_purpose	qwerty
no_purpose	tbd
no_purpose	no reason
no_purpose	not applicable
no_purpose	nothing
no_purpose	blank
no_purpose	n/a n/a
traffic_enforcement	traffic stop
traffic_enforcement	Traffic Stop
traffic_enforcement	TRAFFIC STOP
traffic_enforcement	trafic stop
traffic_enforcement	traffic enforcement
traffic_enforcement	Traffic Infraction
traffic_enforcement	traffic violation
traffic_enforcement	traffic citation
traffic_enforcement	traffic ticket
traffic_enforcement	traffic offender
traffic_enforcement	speeding
traffic_enforcement	expired registration
traffic_enforcement	expired tags
traffic_enforcement	ran red light
traffic_enforcement	seat belt
not traffic_enforcement	traffic crash
not traffic_enforcement	Traffic Investigation
not traffic_enforcement	Traffic crime
not traffic_enforcement	human trafficking
not traffic_enforcement	drug trafficking
not traffic_enforcement	fled traffic stop
not traffic_enforcement	fled from traffic stop
not traffic_enforcement	hit and run
not traffic_enforcement	DWLSR
not traffic_enforcement	reckless driver
not traffic_enforcement	expired license
not traffic_enforcement	traffic collision
protected_health_care	abortion
protected_health_care	Abortion clinic
protected_health_care	abortion
protected_health_care	aborton
protected_health_care	abortions
protected_health_care	planned parenthood
protected_health_care	reproductive health care
protected_health_care	gender affirming care
protected_health_care	aborto
not protected_health_care	aborted burglary
not protected_health_care	abort pursuit
not protected_health_care	planned robbery
not protected_health_care	parenthood
personal_use	personal use
personal_use	Personal reasons
personal_use	for personal use
personal_use	curious
personal_use	my ex
personal_use	my wife
personal_use	looking up my neighbor
not personal_use	personal injury collision
not personal_use	personal property stolen
not personal_use	possession for personal use
not personal_use	drugs for personal use
not personal_use	ex boyfriend threats
not personal_use	personnel
immigration	ICE ofcr called
immigration	BOLO from ICE
immigration	ICE operation
immigration	ICE target
immigration	jail transfer to ICE
immigration	notify ICE
immigration	ICE called
immigration	ICE fug ops
immigration	ICE raid on Main St
immigration	ICE wanted person
immigration	I.C.E agent
immigration	I..C..E
immigration	ice/ero fugitive
immigration	ICE-ERO San Francisco
immigration	ERO officer Doe
immigration	ERO LA fug team
immigration	HSI ERO
immigration	ⅠCE
immigration	𝐈𝐂𝐄 detainer
immigration	1CE hold
immigration	ice agt
immigration	ICE off req
immigration	ICE deportation officer
immigration	ICE custody
immigration	ICE wrnt
immigration	ICE tip
immigration	ICE query
immigration	ICE protest
immigration	immig
immigration	immigr.
immigration	immgr
immigration	immigation enforcement
immigration	imigration hold
immigration	immigrashun
immigration	immi status
immigration	immigration stat
immigration	immigratn
immigration	inmigration
immigration	Immigrat1on
immigration	immi gration
immigration	immigration_enforcement
immigration	CBP agt
immigration	CBP/USBP
immigration	border patrl
immigration	BP agent
immigration	BP agents
immigration	U.S.B.P
immigration	Customs & Border Patrol
immigration	Customs + Border Protection
immigration	BorderPatrol
immigration	borderpatrol
immigration	deporation
immigration	deportaciones
immigration	prior deport
immigration	removal order from IJ
immigration	final order removal
immigration	removal proceeding
immigration	alien smuggling
immigration	wanted alien
immigration	illigal alien
immigration	illegal alein
immigration	ilegal immigrant
immigration	ilegals
immigration	undocumented subject
immigration	undocumented suspect
immigration	undoc
immigration	unauthorized alien
immigration	unauthorized immigrant
immigration	in US illegally
immigration	entered illegally
immigration	entry without inspection
immigration	illegal border crossing
immigration	overstay visa
immigration	visa overstayer
immigration	visa over stay
immigration	287(g) taskforce
immigration	287{g}
immigration	287g.
immigration	INA287(g)
immigration	INA 287g
immigration	INA section 287
immigration	8 USC §1326
immigration	8USC 1326(a)
immigration	8 USC 1324
immigration	8 U.S.C. 1324
immigration	8 USC 1253
immigration	8 USC 1357(g)
immigration	8 USC1326
immigration	title 8 section 1325
immigration	Title 8 USC 1325
immigration	title 8 apprehension
immigration	I 247
immigration	I-247N
immigration	I 247 A
immigration	I-200
immigration	warrant I-205
immigration	I-205 ICE
immigration	form 205 removal
immigration	DHS detainer
immigration	DHS-CBP
immigration	INS agent
immigration	I.N.S.
immigration	I N S hold
immigration	agentes de migracion
immigration	oficial de inmigracion
immigration	estado migratorio
immigration	orden de deportacion
immigration	deportó
immigration	los deportaron
immigration	deportenlo
immigration	inmigrantes indocumentados
immigration	no tiene papeles
immigration	gente sin papeles
immigration	ilegal en el pais
immigration	entró ilegalmente
immigration	cruce ilegal
immigration	cruzó la frontera
immigration	cruzo la frontera ilegalmente
immigration	retención de ICE
immigration	para ICE
immigration	apoyo a ICE
immigration	la ICE
immigration	agente de ICE
immigration	redada de ICE
immigration	la patrulla fronteriza
immigration	residencia ilegal
immigration	expulsion de extranjeros
immigration	visado vencido
immigration	visa vencida
immigration	ICE and HSI
immigration	ICE;HSI
immigration	w/ICE
immigration	AOA ICE
immigration	OAA-ICE
immigration	assisting I.C.E.
immigration	ICE!!!
immigration	ICE:
immigration	ICE—hold
immigration	ICE.gov request
immigration	@ice.dhs.gov
immigration	ICE machine theft, ICE hold
immigration	I.C.E. came
immigration	fug ops team ICE
immigration	Enforcment and Removal
immigration	Immigration and Custom Enforcement
immigration	U.S. Immigration and Customs Enforcement
immigration	U.S. ICE
immigration	U.S.C.I.S
immigration	immigration court
immigration	immigration fugitive
immigration	civil immig warrant
immigration	deported felon file
immigration	self deportation
immigration	alien absconder
immigration	absconder alien
immigration	fugitive alien
immigration	fugitive aliens
immigration	inadmissible alien
immigration	pending removal from US
immigration	removal from the US
immigration	removal from the country
immigration	remove from country
immigration	remove alien
immigration	Alien removal
immigration	check papers, undocumented
immigration_possible	admin removal
immigration_possible	administrative removal
immigration_possible	UDA in vehicle
immigration_possible	UDAs
immigration_possible	UDA
immigration_possible	EWI
immigration_possible	visa expired overstay
immigration_possible	I-205
immigration_possible	sin documentos
immigration_possible	immigrant raid
immigration_possible	amenable to removal
immigration_possible	subject to removal
immigration_possible	alien registration number
immigration_possible	verify legal status
immigration_possible	legal status check
immigration_possible	legal status in US
none	ice bag theft
none	stolen ice machine
none	ice cream shop burglary
none	ice cream vendor robbed
none	ice truck collision
none	ice delivery truck
none	icy conditions
none	ice on I-80
none	ice on hwy 50
none	veh slid off on ice
none	solo TC black ice
none	fell through ice
none	fell thru the ice
none	ice rescue
none	ice rink fight
none	skating on ice
none	ice pick
none	ice axe
none	ice climbing accident
none	ice chest w/ remains
none	cooler with ice
none	ice cold case
none	Smirnoff Ice theft
none	Mike's Hard ice
none	Ice T concert
none	Ice Cube concert
none	Ice Spice concert
none	Icehouse beer
none	in case of emergency (ICE) number
none	ice (meth) sales
none	1/2 lb ice
none	ice and heroin sales
none	meth aka ice
none	"ice" methamphetamine
none	diamonds and ice chain robbery
none	ice jewelry
none	Ice street gang
none	Ice House Road crash
none	ice plant fire
none	ice dam
none	ice damage to roof
none	ice maker flood
none	ice hockey game
none	ice bucket challenge
none	ice capades
none	ice machine vandalized
none	pol ice
none	dentist office
none	justic
none	service call
none	vice detail
none	Alice Smith
none	Beatrice
none	driving w/o license
none	accomplice
none	apprentice
none	rice cooker theft
none	spice possession
none	Venice Beach
none	Nice CA
none	hospice theft
none	cornice
none	Maurice
none	UD eviction lockout
none	illegal dumping removal
none	removal of evidence
none	CPS removal
none	CPS child removal order
none	300 WIC removal order
none	gun removal order
none	coroner removal
none	license plate removal
none	debris removal
none	GPS ankle bracelet removal
none	squatter removal
none	trespasser removal
none	Border St
none	border fence property
none	state border
none	near Mexico border
none	property border dispute
none	deportes store
none	club deportivo
none	deportista
none	departed scene
none	re-ported
none	imported vehicle
none	purported
none	comported
none	Alien Ware laptop
none	parental alienation
none	VISA card stolen
none	visa debit fraud
none	Visa and Mastercard theft
none	fraudulent visa charges
none	credit card (Visa) theft
none	Department of Health Services
none	DHSPD
none	Homeland Ave
none	Marshalls store
none	Field marshal
none	287(b)
none	Penal Code 287
none	8ICE247
none	plate ERO123
none	vanity plate ICEMAN
none	Iceman suspect moniker
none	moniker "Ice"
none	suspect aka Ice
none	AKA ICE
none	moniker: Ice
none	street name Ice
none	Lil Ice
none	Li'l Ice
none	Iceberg
none	nickname Ice
none	nicknamed Ice
none	goes by Ice
none	ins. fraud
none	veh ins check
none	ins status
none	walk-ins
none	check ins
none	BP check
none	B/P
none	BP gas
none	EPO/ERO
none	Ero Ave
none	Eros Adult Store
none	Zero
none	code 3 on I-205
none	SR-205
none	unit I-247
none	Hwy 247
none	SR-247 Lucerne Valley
none	wildlife refuge
none	natural ice
none	citizens arrest
none	citizen contact
none	citizen tip
none	citizenship award
none	good citizenship award
none	visa versa
none	illegal entry burglary
none	illegal entry at warehouse
none	illegal entry into vacant house
none	illegal entry by ex husband
none	unlawful entry
none	illegal gambling
none	illegal vendor
none	illegals fireworks
none	undocumented cash
none	undocumented ghost gun
none	undocumented repairs
none	undocumented vehicle sale
none	undocumented prior damage
none	West Coast Customs
none	custom plates
none	Custom wheels stolen
none	migrate records
none	Emigrant Gap
none	Emigrant Gap crash
none	green cart
none	secure community
none	FedEx theft
none	I feel dead
none	HIS car
none	HIS
none	HS investigation
none	CHSI
none	ICE-T
none	Mic E
none	p-o-l-i-c-e
none	A L I C E
none	I see
none	E. Rose
none	ER doctor
none	apt I C
none	grid A B C E
none	sin seguro
none	sin papeles del carro
none	sin papeles del auto
none	vehículo sin papeles
none	carro extranjero
none	placas extranjeras
none	vehiculo extranjero
none	persona extranjera
none	robo de hielo
none	operativo de transito
none	cerca de la frontera
none	carro deportivo
none	zapatos deportivos
none	aportado
none	expulsion
none	orden de expulsion escolar
none	ordered removed from premises
none	ordered removed from store
none	remove from home
none	crossing guard
none	Enforcement and removal of vehicles
none	enforcement removal graffiti
none	detention center
none	detention deputy
none	US Bank robbery
none	passport stolen
none	I 5 shooting
none	ewing st
none	ICR
none	iraq
none	Ina Coolbrith Park
none	tina
not immigration	probation detainer
not immigration	detainer from Nevada DOC
not immigration	3056 detainer hold
not immigration	Aliens movie
not immigration	DHS welfare fraud
not immigration	DHS LA County Health
not immigration	10-29
not immigration	I-205/I-5
not immigration	Tracy I-205
not immigration	stolen veh I-205 Mountain House
not immigration	24/7
not immigration	migrant worker victim
not immigration	emigrant
not immigration	title 42
not immigration	admin warrant
not immigration	code enforcement admin warrant
not immigration	student visa
not immigration	foreign national
not immigration	1ce
immigration	released due to ICE detainer
immigration	ICE on scene
immigration	van full of ICE agents
immigration	wanted by ICE aka John Doe
immigration	big ICE operation
immigration	ICE team in parking lot
immigration	check vehicle on ICE list
immigration	ICE show of force
immigration	illegal entry into the US
immigration	illegal entry into the U.S.
immigration	illegal entry at the border
immigration	illegal entry at port of entry
immigration	undocumented driver
immigration	sells ice, ICE hold
immigration	inmigrante sin papeles
immigration	orden de expulsión del país
immigration	ICE in case of removal
immigration	child removal order, ICE hold
immigration	subject known to ICE
immigration	came through ICE
immigration	through the ICE field office
immigration	off ICE list
immigration	on ICE list
immigration	name on ICE warrant
immigration	deal with ICE
immigration	dealing with ICE
immigration	buying time before ICE arrest
immigration	ICE/immigration truck
not immigration	removal of obstruction
not immigration	ice dispenser theft
not immigration	ice tray
not immigration	fell through the ice at lake
not immigration	slid off road on ice
not immigration	lost control due to ice
not immigration	cooler full of ice stolen
not immigration	gang moniker Ice
not immigration	undocumented VIN trailer
not immigration	illegal entry through window
not immigration	firearm removal order GVRO
not immigration	DVRO/ERO
not immigration	carro sin papeles
not immigration	oz ice
not immigration	meth and ice sales
not immigration	immunization record
not immigration	immigrants rights mural vandalism? tag
not immigration	immaculate
not immigration	immature
not immigration	immobile veh
not immigration	lice check at school
not immigration	BP gas station agent robbery
not immigration	admin removal of plates
not immigration	usc football
not immigration	8 used cars
not immigration	removed from the store
not immigration	removed from the property
not immigration	final removal of vehicle
not immigration	I 24 7
not immigration	unit I 247
not immigration	legal status of firearm
not immigration	papers
not immigration	expired visa card
\.
SELECT expected, count(*) FROM labelled GROUP BY 1 ORDER BY 1;
SELECT l.expected, l.purpose, t.*
  FROM labelled AS l, LATERAL sharing_guard.tag_purpose(l.purpose) AS t
 WHERE NOT CASE WHEN l.expected = 'none' THEN t.tags = '{}'
                WHEN l.expected LIKE 'not %' THEN substr(l.expected, 5) <> ALL (t.tags)
                ELSE l.expected = ANY (t.tags) END
    OR (l.expected <> 'immigration' AND 'immigration' = ANY (t.tags))
    OR (l.expected IN ('vague_purpose', 'no_purpose') AND cardinality(t.tags) <> 1)
 ORDER BY l.expected, l.purpose;

-- Neither capitals nor small letters make a difference, nor what stands around.
SELECT l.expected, w.way, l.purpose
  FROM labelled AS l,
       LATERAL (VALUES ('capitals', upper(l.purpose)), ('small letters', lower(l.purpose)),
                       ('quoted', '"' || l.purpose || '"'), ('in brackets', '[' || l.purpose || ']'),
                       ('with a number', l.purpose || ' #26-1234'),
                       ('at the end', 'stolen vehicle; ' || l.purpose),
                       ('in the middle', 'stolen car, ' || l.purpose || ', white sedan'),
                       ('in lines', E'stolen\n' || l.purpose || E'\r\nsedan')) AS w (way, purpose),
       LATERAL sharing_guard.tag_purpose(w.purpose) AS t
 WHERE (l.expected = 'immigration') <> ('immigration' = ANY (t.tags))
    OR (l.expected = 'immigration_possible' AND NOT 'immigration_possible' = ANY (t.tags))
 ORDER BY 1, 2, 3;

-- Words that are one letter away from ordinary ones.
SELECT w.word, t.*
  FROM unnest('{reported,departed,reporting,departing,detained,detainee,retainer,setback,refuge,
                overstated,spending,furious,seeding,nothing,texting,resting,looting,booking,lending,
                looming,sampling,jesting,general,spender,aborts,absorption,legal,regal,border,order,
                petrol,portal,martial,marital,customer,costumes,migrated,vagrant,fragrant}'::text[]) AS w (word),
       LATERAL sharing_guard.tag_purpose(w.word) AS t
 WHERE t.tags <> CASE WHEN w.word = 'nothing' THEN '{no_purpose}' WHEN w.word = 'general' THEN '{vague_purpose}' ELSE '{}' END::text[];
