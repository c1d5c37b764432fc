"""The words that forms are made of: general office English, invented names, nothing taken from a data set."""


def entries(text: str) -> list[str]:
    """Split at commas; an entry may hold blanks."""
    return " ".join(text.split()).split(", ")


FIRST_NAMES = entries("""
    Ada, Alan, Alice, Amos, Andrea, Anton, Arthur, Barbara, Ben, Bruce, Carla, Carol, Cecil, Clara, Conrad, Daniel,
    Deborah, Dennis, Donna, Doris, Edgar, Edith, Eileen, Elmer, Ernest, Esther, Eugene, Felix, Flora, Frances, Gerald,
    Gina, Glenn, Grace, Harold, Hazel, Helen, Herman, Hugo, Ida, Irene, Ivan, Jack, Janet, Jerome, Joan, Judith, Karl,
    Kathleen, Keith, Laura, Leo, Leonard, Lois, Louise, Lucille, Mabel, Marcus, Marion, Martha, Maurice, Mildred,
    Milton, Nadine, Neil, Nora, Norman, Olga, Oscar, Pamela, Patrick, Paula, Percy, Philip, Ralph, Ramona, Rita,
    Rodney, Rosa, Ruth, Sally, Samuel, Sheila, Stanley, Stella, Sylvia, Theodore, Thelma, Trudy, Ursula, Vernon,
    Vincent, Viola, Walter, Wanda, Wesley, Wilma
""")
LAST_NAMES = entries("""
    Abernathy, Alder, Ashworth, Bellamy, Birch, Blackwood, Bonner, Brandt, Burkett, Calloway, Carver, Castellan,
    Chandler, Colby, Crane, Dalton, Delaney, Dorsett, Drummond, Eastman, Ellery, Fairbank, Farrow, Fenwick, Fletcher,
    Forsythe, Gable, Garrick, Gilmore, Goddard, Granger, Hadley, Halloran, Hanover, Hartwell, Haskell, Holloway,
    Ingram, Jessup, Keating, Kendrick, Kimball, Kirkland, Lambert, Langley, Lattimer, Lockhart, Lundgren, Maddox,
    Marlow, Mercer, Merriman, Montrose, Nakamura, Nash, Norwood, Oakley, Ortega, Osgood, Pemberton, Pickett, Pruitt,
    Quimby, Radcliffe, Ramsey, Redmond, Rourke, Rutledge, Sanborn, Santos, Seaver, Shelby, Sloan, Stafford, Sterling,
    Tanaka, Tate, Thornton, Tilden, Underhill, Vance, Vickers, Wakefield, Wexler, Whitaker, Winslow, Wolfe, Yates,
    Zeller
""")
CITIES = entries("""
    Alderton, Ashby, Bayfield, Belmont Falls, Brookhaven, Cedar Rapids, Clearwater, Crestview, Dayton, Eastport,
    Elmhurst, Fairmont, Glen Ridge, Grafton, Hartsdale, Hillsboro, Kingsport, Lakewood, Lindale, Maplewood, Midland,
    Millbrook, Newbury, Northfield, Oakdale, Port Allard, Quincy, Redfield, Riverton, Salem, Springdale, Stoneham,
    Summit, Valley Forge, Wayland, Westbrook, Winfield, Woodstock
""")
STATES = entries("""
    Alabama, AZ, California, CA, Colorado, CT, Delaware, FL, Georgia, GA, Illinois, IL, Indiana, Iowa, Kansas, LA,
    Maine, MD, Massachusetts, MA, Michigan, MI, Minnesota, Missouri, MO, Nebraska, NH, NJ, New Jersey, New York, NY,
    Ohio, OH, Oregon, PA, Pennsylvania, Tennessee, TN, Texas, TX, Utah, Vermont, VA, Washington, WI
""")
STREETS = entries("""
    Alder, Bridge, Canal, Cedar, Chestnut, Church, Commerce, Elm, Franklin, Front, Grove, Harbor, High, Hill,
    Industrial, Lake, Liberty, Main, Maple, Market, Mill, Oak, Orchard, Park, Pine, Prospect, River, School, Second,
    Spring, State, Sycamore, Third, Union, Walnut, Water
""")
FIRM_WORDS = entries("""
    Allied, Amalgamated, Apex, Atlas, Beacon, Bluestone, Cardinal, Cascade, Central, Coastal, Colonial, Continental,
    Crown, Delta, Eagle, Eastern, Empire, Evergreen, Federal, Frontier, General, Global, Granite, Heritage, Horizon,
    Imperial, Keystone, Lakeland, Liberty, Meridian, Metro, Midwest, Monarch, National, Northern, Orion, Pacific,
    Pinnacle, Pioneer, Premier, Regal, Reliance, Summit, Superior, Tri-State, Union, United, Vanguard, Western
""")
FIRM_TRADES = entries("""
    Advertising, Analytical Laboratories, Bearings, Brands, Carton, Chemical, Container, Data Systems, Display,
    Distributing, Electric, Engineering, Equipment, Fibers, Filters, Flavors, Foods, Freight, Graphics, Industries,
    Instruments, Insurance, Label, Laboratories, Lithographing, Machine, Marketing, Media, Mills, Outdoor, Packaging,
    Paper, Plastics, Press, Printing, Products, Research, Sales, Services, Supply, Testing, Textiles, Tool, Trading,
    Transport, Wholesale
""")
FIRM_FORMS = entries("""
    Company, Co., Corp., Corporation, Inc., & Co., & Sons, Associates, Group, Ltd., Brothers, Bros.
""")
PRODUCTS = entries("""
    adhesive, aerosol, blend, board, bottle, bulbs, cable, candles, caps, carton, casing, coating, coffee, compound,
    concentrate, cord, crackers, crates, dye, enamel, extract, fabric, fiber, film, filter, flavoring, foil, gasket,
    glue, granules, hose, ink, labels, lamp, leaf, liner, lining, lubricant, mixture, motor, napkins, overwrap, pads,
    paint, pallet, panel, paper, paste, pens, pigment, pipe, polish, powder, pulp, resin, rod, roll, rope, rubber,
    samples, sheet, shirts, soap, solvent, spool, starch, steel, sugar, syrup, tape, tea, thread, tile, tissue,
    towels, tubing, valve, varnish, wax, wire, wool, wrapper, yarn
""")
QUALITIES = entries("""
    adjusted, annual, approved, assorted, average, blank, bleached, blue, bulk, clear, coarse, coated, combined,
    competitive, complete, corrugated, current, dark, deluxe, direct, domestic, double, dry, economy, experimental,
    export, final, fine, finished, fixed, foreign, full, green, gross, heavy, high, imported, industrial, initial,
    internal, large, light, liquid, local, long, low, maximum, medium, mild, minimum, monthly, net, new, normal,
    original, plain, preliminary, premium, previous, printed, proposed, raw, red, reduced, regional, regular, revised,
    rough, scheduled, short, single, small, soft, special, standard, synthetic, temporary, total, treated, unit,
    weekly, white, wide, yellow
""")
THINGS = entries("""
    account, activity, advertising, agreement, allocation, analysis, application, area, article, assay, assignment,
    authorization, batch, brand, budget, campaign, cargo, carrier, case, category, charge, claim, class, code,
    commitment, committee, compliance, component, compound, contract, control, copy, cost, coupon, coverage, customer,
    delivery, department, deposit, design, device, discount, display, distribution, document, employee, equipment,
    event, exhibit, expense, facility, field, file, formula, freight, fund, grant, group, hearing, inspection,
    instruction, insurance, inventory, invoice, item, job, journal, laboratory, lease, ledger, license, literature,
    location, lot, machine, mailing, maintenance, manufacturing, market, material, media, meeting, membership,
    merchandise, method, model, notice, operation, option, order, outlet, package, patent, patient, payment, payroll,
    performance, permit, personnel, plan, plant, policy, position, premium, price, problem, process, product,
    production, program, project, promotion, property, proposal, protocol, publication, purchase, quality, quantity,
    quotation, rate, receipt, record, reference, region, registration, release, report, request, requisition,
    research, retail, return, review, safety, salary, sales, sample, schedule, section, security, seminar, series,
    service, shift, shipment, shipping, sponsor, standard, storage, store, study, subject, subscription, supply,
    survey, task, tax, technical, territory, test, title, trade, training, transfer, travel, treatment, trial, unit,
    vehicle, vendor, visit, voucher, warehouse, warranty, waste, work
""")
EVENTS = entries("""
    acceptance, application, approval, arrival, assignment, birth, cancellation, closing, completion, delivery,
    departure, discharge, effective, employment, entry, examination, expiration, filing, hire, injury, inspection,
    invoice, issue, mailing, manufacture, meeting, order, payment, posting, promotion, publication, purchase, receipt,
    release, report, request, return, review, revision, sale, shipment, signature, start, submission, termination,
    test, transfer, visit
""")
DEEDS = entries("""
    Accepted, Approved, Assigned, Authorized, Calculated, Certified, Checked, Compiled, Completed, Conducted,
    Coordinated, Delivered, Designed, Drafted, Endorsed, Entered, Examined, Filed, Forwarded, Initiated, Inspected,
    Issued, Mailed, Measured, Ordered, Originated, Paid, Posted, Prepared, Proposed, Purchased, Received, Recommended,
    Recorded, Referred, Released, Reported, Requested, Required, Returned, Reviewed, Revised, Sampled, Scheduled,
    Sent, Shipped, Signed, Sold, Submitted, Supplied, Tested, Transferred, Transmitted, Typed, Used, Verified, Written
""")
ROLES = entries("""
    Accountant, Account Executive, Administrator, Agent, Analyst, Applicant, Assistant Manager, Attorney, Author,
    Auditor, Beneficiary, Broker, Buyer, Carrier, Chairman, Chemist, Claimant, Clerk, Client, Consignee, Consultant,
    Contact, Contact Person, Contractor, Controller, Coordinator, Counsel, Customer, Dealer, Department Head,
    Director, Distributor, District Manager, Division Manager, Editor, Employee, Engineer, Estimator, Expert, Field
    Representative, Foreman, Guest, Initiator, Inspector, Insured, Interviewer, Investigator, Landlord, Librarian,
    Manager, Manufacturer, Member, Nurse, Officer, Operator, Organizer, Originator, Owner, Patient, Physician, Plant
    Manager, President, Principal Investigator, Project Leader, Project Manager, Project Director, Publisher,
    Purchasing Agent, Quality Control, Receiver, Recipient, Referee, Regional Manager, Reporter, Representative,
    Requester, Retailer, Reviewer, Sales Manager, Salesman, Secretary, Section Head, Seller, Sender, Shipper, Speaker,
    Sponsor, Student, Supervisor, Supplier, Technician, Tenant, Tester, Treasurer, Trustee, Vendor, Vice President,
    Witness, Wholesaler
""")
DEPARTMENTS = entries("""
    Accounting, Administration, Advertising, Analytical, Art, Auditing, Biochemistry, Brand Management, Business
    Planning, Chemistry, Claims, Communications, Corporate Affairs, Customer Service, Data Processing, Development,
    Distribution, Engineering, Export, Field Sales, Finance, Flavor Development, Human Resources, Information
    Services, Inspection, Insurance, International, Legal, Library, Maintenance, Manufacturing, Market Research,
    Marketing, Materials, Media, Medical, Operations, Packaging, Payroll, Personnel, Planning, Process Control,
    Product Development, Production, Promotion, Public Relations, Purchasing, Quality Assurance, Quality Control,
    Receiving, Records, Regulatory Affairs, Research, Safety, Sales, Security, Shipping, Special Projects, Statistics,
    Systems, Tax, Technical Services, Toxicology, Traffic, Training, Transportation, Warehouse
""")
MEASURES = {
    name: units.split(" | ")
    for name, units in (entry.split(": ") for entry in entries("""
        length: mm | cm | in. | inches | ft., width: mm | cm | inches, height: mm | cm | inches, diameter: mm | in.,
        circumference: mm, thickness: mm | mils, weight: g | mg | lbs. | kg | oz. | grams, density: mg/cc | g/ml,
        pressure: psi | mm | atm, pressure drop: mm | inches, temperature: F | C | deg. F, moisture: %, porosity: units
        | sec., volume: ml | cc | gal. | liters, speed: rpm | ft/min, firmness: % | units, viscosity: cps, dose: mg/kg |
        mg | ml, concentration: % | ppm | mg/ml, time: min. | hrs. | sec., duration: days | weeks | hours, boiling
        point: C, melting point: C, yield: % | g, capacity: gal. | tons | cases, tension: lbs. | g, size: mm | x 24 |
        inches, ventilation: %, purity: %, shrinkage: %, flow rate: ml/min
    """))
}  # fmt: skip
MONTHS = entries("""
    January, February, March, April, May, June, July, August, September, October, November, December
""")
VERBS = entries("""
    analyze, approve, assess, attach, check, compare, complete, confirm, conduct, continue, coordinate, deliver,
    describe, determine, develop, discuss, distribute, establish, evaluate, examine, expand, explain, extend, forward,
    identify, improve, increase, indicate, inspect, install, introduce, list, maintain, measure, monitor, obtain,
    order, pay, prepare, print, provide, purchase, receive, recommend, record, reduce, replace, report, request,
    return, review, schedule, select, send, ship, sign, specify, submit, supply, support, test, transfer, use, verify
""")
ADVERBS = entries("""
    annually, as planned, as requested, as soon as possible, at no charge, before shipment, daily, during the second
    quarter, for three weeks, immediately, in advance, in duplicate, in all regions, on a trial basis, on schedule,
    per month, separately, to date, until further notice, under normal conditions, upon request, with the original,
    within ten days, without delay
""")
SHORT_ANSWERS = entries("""
    None, N/A, n/a, Yes, No, yes, no, NONE, Same, See attached, As required, As above, Open, Closed, Pending,
    Complete, OK, Unknown, To be determined, TBD, Standard, Regular, Various, National, Local, All, Both, Not
    applicable, Good, Fair, Excellent, Normal, Approved, Rush, Confidential, Per attached, Continuous, Monthly,
    Weekly, -0-, -
""")
FORM_NOUNS = entries("""
    Authorization, Agreement, Application, Approval Form, Change Notice, Check Request, Checklist, Claim Form, Cost
    Estimate, Cover Sheet, Data Sheet, Delivery Receipt, Evaluation, Evaluation Form, Expense Report, Fact Sheet, Fax
    Cover Sheet, Information Sheet, Inspection Report, Inventory Form, Invoice, Job Order, Log Sheet, Maintenance
    Record, Memorandum, Notice, Order Form, Packing List, Performance Review, Progress Report, Project Proposal,
    Purchase Order, Questionnaire, Quotation, Receipt, Record, Registration, Registration Form, Report, Request,
    Request Form, Requisition, Routing Slip, Schedule, Score Sheet, Specification, Specification Sheet, Status Report,
    Study Protocol, Suggestion Form, Summary, Survey, Transfer Form, Transmittal, Trip Report, Voucher, Work Order,
    Worksheet
""")
SECTION_HEADS = entries("""
    General Information, Instructions, Approvals, For Office Use Only, Distribution, Financial Summary, Results,
    Comments, Remarks, Specifications, Physical Data, Personal Data, Requirements, Background, Method of Payment,
    Shipping Information, Billing Information, Cost Summary, Test Conditions, Materials, Responsibility, Endorsements,
    Signatures, Sample Description, Part A, Part B, Section I, Section II, Section III, Schedule, Summary, Objectives,
    Reports, Wrapping, Equipment, Attachments, Conclusions, Recommendations, To Be Completed by Applicant, Internal
    Use Only, Estimated Expenses, Account Distribution, Education, Experience, Medical History, Travel Plans
""")
ASIDES = entries("""
    (if any), (if known), (if applicable), (specify), (explain), (please print), (check one), (circle one), (attach
    copy), (see reverse), (optional), (in full), (last first middle), (mo./day/yr.), (per unit), (000), (est.),
    (cont.), (home), (office), ($), (%), (days), (A), (B), (1), (2)
""")
LIMITS = entries("""
    and Title, and Date, and Address, and Phone, or Code, / Date, / Phone, / Title, in Full, to Date, per Unit, this
    Period, last Year, this Month, at Start, on File, Used, Required, on Hand, Left, by Mail, in Stock, Prior to 1985,
    from Current Budget, for this Project, per Case, for Approval, of Record, of this Report, and Quantity
""")
NOTES = entries("""
    This form must be completed in full and returned within ten days, Please print or type all entries, Attach
    additional sheets if necessary, Retain the yellow copy for your files, See reverse side for instructions, Not
    valid without the signature of an officer, All figures are subject to audit, Prices do not include freight or
    local taxes, The information contained in this message is intended only for the person named above, If you did not
    receive all of the pages please call the number below, No work may begin before written approval has been
    received, Copies are to be forwarded to the controller and to the district office, Any change in the schedule must
    be reported at once to the project leader, Samples will be stored for six months and then destroyed, I certify
    that the above statements are correct to the best of my knowledge, The undersigned agrees to the terms printed on
    the back of this order, Allow four weeks for processing, Do not write below this line, Use one form for each item,
    Results apply only to the samples that were tested, Payment is due thirty days after receipt of the invoice,
    Requests received after noon are handled on the next working day, Keep this record with the equipment at all
    times, Mail the white copy to the head office, Goods remain the property of the seller until they are paid for in
    full, Report each accident to the safety office on the same day, Use ink and write firmly because you are making
    four copies
""")
